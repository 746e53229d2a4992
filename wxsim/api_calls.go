package wxsim

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	callsWait    = 10 * time.Second
	callsMaxWait = time.Minute
)

// callRoutes are the calls that were seen.
func callRoutes() []apiRoute {
	return []apiRoute{{http.MethodGet, "calls", seenCalls}}
}

// An apiCall is a [Call] for other languages.
type apiCall struct {
	Number   int         `json:"number"` // rises by one with each call
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	Query    url.Values  `json:"query,omitempty"`
	Form     url.Values  `json:"form,omitempty"`
	Header   http.Header `json:"header,omitempty"`
	Body     string      `json:"body,omitempty"`
	Status   int         `json:"status"` // 0 if the connection was dropped
	Location string      `json:"location,omitempty"`
	Answer   string      `json:"answer,omitempty"`
	// Whether body and answer are not text and were left out.
	Binary bool      `json:"binary,omitempty"`
	Code   int       `json:"code"`
	At     time.Time `json:"at"`
}

type apiCalls struct {
	Calls []apiCall `json:"calls"` // oldest first
	Last  int       `json:"last"`  // number of the newest call, for ?after=
	// How often the path was called since the last reset; 0 without ?path=.
	Total int `json:"total"`
}

// seenCalls is GET calls. With count it waits until so many calls match the filters, but not
// longer than timeout. If there are fewer then, the status is 200 as well, and the caller has to
// compare.
func seenCalls(s *Server, r *http.Request) (any, error) {
	query := r.URL.Query()
	number := func(name string) int { n, _ := strconv.Atoi(query.Get(name)); return n }
	timeout := callsWait
	if text := query.Get("timeout"); text != "" {
		var err error
		if timeout, err = time.ParseDuration(text); err != nil || timeout < 0 ||
			timeout > callsMaxWait {
			return nil, &apiError{
				http.StatusBadRequest, "timeout 不是 10s 这样的时长，最长一分钟",
				"timeout is not a duration such as 10s, of at most a minute",
			}
		}
	}
	for _, name := range []string{"after", "count", "code", "status"} {
		if text := query.Get(name); text != "" {
			if _, err := strconv.Atoi(text); err != nil {
				return nil, &apiError{
					http.StatusBadRequest, name + " 不是整数", name + " is not a number",
				}
			}
		}
	}
	fits := func(c Call) bool {
		return (query.Get("path") == "" || c.Path == query.Get("path")) &&
			(query.Get("method") == "" || c.Method == query.Get("method")) &&
			(query.Get("code") == "" || c.Code == number("code")) &&
			(query.Get("status") == "" || c.Status == number("status"))
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		seen, news := s.calls.since(number("after"))
		result := apiCalls{
			Calls: []apiCall{}, Last: number("after"), Total: s.Calls(query.Get("path")),
		}
		for _, c := range seen {
			result.Last = c.Number
			if fits(c.Call) {
				result.Calls = append(result.Calls, c.api())
			}
		}
		if len(result.Calls) >= number("count") {
			return result, nil
		}
		select {
		case <-news:
		case <-timer.C:
			return result, nil
		case <-r.Context().Done():
			return result, nil
		}
	}
}

func (c numberedCall) api() apiCall {
	call := apiCall{
		Number: c.Number, Method: c.Method, Path: c.Path, Query: c.Query, Form: c.Form,
		Header: c.Header, Status: c.Status, Location: c.Location, Code: c.Code, At: c.At,
	}
	if utf8.Valid(c.Body) && utf8.Valid(c.Answer) {
		call.Body, call.Answer = string(c.Body), string(c.Answer)
	} else {
		call.Binary = true
	}
	return call
}
