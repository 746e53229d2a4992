package wxsim

import (
	"net/http"
	"slices"
	"strings"
)

// An endpoint is a row of the table of all APIs. What they have in common (method, access_token,
// body, required fields) is checked with the row. Only the rest of an API's behaviour needs a
// function.
type endpoint struct {
	method, path string
	also         string // another allowed method

	// callers are the kinds of app whose access_token is accepted, in the query. If empty, the
	// call needs none.
	callers []Kind

	// fields are required: in the query of a GET, in the JSON body of a POST.
	fields []field

	// rawText is whether escapes such as \u003c in the body are text. Elsewhere they are refused.
	rawText bool

	// check makes further checks and returns the code of a refusal, or 0. After that sample is the
	// answer.
	check  func(*world, *request) int
	sample string

	// run answers instead of check and sample, if the answer is not fixed.
	run func(*world, *request) answer
}

// endpoints is the table, by path.
func endpoints() map[string]endpoint {
	rows := slices.Concat(
		loginEndpoints(), sessionEndpoints(), dataEndpoints(),
		imageEndpoints(), contentEndpoints(), messageEndpoints(),
		followerEndpoints(), platformEndpoints(),
	)
	table := make(map[string]endpoint, len(rows))
	for _, e := range rows {
		table[e.path] = e
	}
	return table
}

// loginEndpoints are the APIs for the app's access_token, web login (sns) and the JS-SDK's ticket.
func loginEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: "/connect/oauth2/authorize", run: authorize},
		{method: http.MethodGet, path: "/connect/qrconnect", run: qrConnect},
		{
			method: http.MethodGet, also: http.MethodPost, path: "/sns/oauth2/access_token",
			run: exchange,
		},
		{method: http.MethodGet, path: "/sns/oauth2/refresh_token", run: refreshTokens},
		{method: http.MethodGet, path: "/sns/userinfo", run: userInfo},
		{method: http.MethodGet, path: "/sns/auth", check: checkGrant, sample: okMessage},
		{method: http.MethodGet, path: "/cgi-bin/token", run: classicAccessToken},
		{method: http.MethodPost, path: "/cgi-bin/stable_token", run: body(stableAccessToken)},
		{
			method: http.MethodGet, path: "/cgi-bin/ticket/getticket",
			callers: []Kind{OfficialAccount},
			fields:  []field{{"type", aText, 40097}},
			run:     ticketFor,
		},
	}
}

// serve makes the checks of the row and answers.
func (w *world) serve(e endpoint, r *request) answer {
	if r.Method != e.method && (e.also == "" || r.Method != e.also) {
		return wrongMethod(e, r)
	}
	if code := w.overLimit(e.path); code != 0 {
		return r.refuse(code)
	}
	if len(e.callers) > 0 {
		a, code := w.tokenApp(r.query.Get("access_token"))
		if code != 0 {
			return r.refuse(code)
		}
		if !slices.Contains(e.callers, a.Kind) {
			return r.refuse(48001)
		}
		r.app = a
	}
	if code := checkFields(e, r); code != 0 {
		return r.refuse(code)
	}
	if e.run != nil {
		return e.run(w, r)
	}
	if e.check != nil {
		if code := e.check(w, r); code != 0 {
			return r.refuse(code)
		}
	}
	return r.ok(e.sample)
}

// isPage reports whether a path is a page of open.weixin.qq.com, and not an API.
func isPage(path string) bool { return strings.HasPrefix(path, "/connect/") }

// wrongMethod answers as WeChat does: code2Session does not read a POST and so misses the appid.
func wrongMethod(e endpoint, r *request) answer {
	switch {
	case isPage(e.path):
		return answer{status: http.StatusMethodNotAllowed, header: http.Header{"Allow": {e.method}}}
	case e.path == "/sns/jscode2session":
		return r.refuse(41002)
	case e.method == http.MethodGet:
		return r.refuse(43001)
	}
	return r.refuse(43002)
}
