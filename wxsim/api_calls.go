package wxsim

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// An apiCall is a [Call] for other languages.
type apiCall struct {
	numberedCall

	Body   string `json:"body,omitempty"`
	Answer string `json:"answer,omitempty"`
	// Whether body and answer are not text and were left out.
	Binary bool `json:"binary,omitempty"`
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
	query, numbers := r.URL.Query(), map[string]int{}
	timeout, err := time.ParseDuration(cmp.Or(query.Get("timeout"), "10s"))
	if err != nil || timeout < 0 || timeout > time.Minute {
		return nil, badRequest("timeout 不是 10s 这样的时长，最长一分钟",
			"timeout is not a duration such as 10s, of at most a minute")
	}
	for _, name := range []string{"after", "count", "code", "status"} {
		if numbers[name], err = strconv.Atoi(cmp.Or(query.Get(name), "0")); err != nil {
			return nil, badRequest(name+" 不是整数", name+" is not a number")
		}
	}
	fits := func(c Call) bool {
		return (query.Get("path") == "" || c.Path == query.Get("path")) &&
			(query.Get("method") == "" || c.Method == query.Get("method")) &&
			(query.Get("code") == "" || c.Code == numbers["code"]) &&
			(query.Get("status") == "" || c.Status == numbers["status"])
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		seen, news := s.calls.since(numbers["after"])
		result := apiCalls{
			Calls: []apiCall{}, Last: numbers["after"], Total: s.Calls(query.Get("path")),
		}
		for _, c := range seen {
			result.Last = c.Number
			if fits(c.Call) {
				result.Calls = append(result.Calls, c.api())
			}
		}
		if len(result.Calls) >= numbers["count"] {
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
	if utf8.Valid(c.Body) && utf8.Valid(c.Answer) {
		return apiCall{numberedCall: c, Body: string(c.Body), Answer: string(c.Answer)}
	}
	return apiCall{numberedCall: c, Binary: true}
}
