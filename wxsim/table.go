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
	run          func(*world, *request) answer

	// callers are the kinds of app whose access_token is accepted, in the query. If empty, the
	// call needs none.
	callers []Kind
	// fields are required: in the query of a GET, in the JSON body of a POST.
	fields []field
	// rawText is whether escapes such as \u003c in the body are text. Elsewhere they are refused.
	rawText bool
}

func get(path string, run func(*world, *request) answer) endpoint {
	return endpoint{method: http.MethodGet, path: path, run: run}
}

func post(path string, run func(*world, *request) answer) endpoint {
	return endpoint{method: http.MethodPost, path: path, run: run}
}

// or returns the row of an API that may also be called with another method.
func (e endpoint) or(method string) endpoint {
	e.also = method
	return e
}

// from returns the row of an API that needs the access_token of an app of one of these kinds.
func (e endpoint) from(kinds ...Kind) endpoint {
	e.callers = kinds
	return e
}

// need returns the row with one more required field; code is the refusal without it.
func (e endpoint) need(name string, kind jsonKind, code int) endpoint {
	e.fields = append(e.fields, field{name, kind, code})
	return e
}

// raw returns the row of an API that takes escapes as text.
func (e endpoint) raw() endpoint {
	e.rawText = true
	return e
}

// fixed makes a row's function of a check, which returns the code of a refusal or 0, and of the
// answer otherwise.
func fixed(check func(*world, *request) int, sample string) func(*world, *request) answer {
	return func(w *world, r *request) answer {
		if code := check(w, r); code != 0 {
			return r.refuse(code)
		}
		return r.ok(sample)
	}
}

// endpoints is the table, by path.
func endpoints() map[string]endpoint {
	table := map[string]endpoint{}
	for _, e := range slices.Concat(
		loginEndpoints(), sessionEndpoints(), dataEndpoints(), imageEndpoints(), contentEndpoints(),
		messageEndpoints(), followerEndpoints(), platformEndpoints(),
	) {
		table[e.path] = e
	}
	return table
}

// loginEndpoints are the APIs for the app's access_token, web login (sns) and the JS-SDK's ticket.
func loginEndpoints() []endpoint {
	return []endpoint{
		get("/connect/oauth2/authorize", authorize),
		get("/connect/qrconnect", qrConnect),
		get("/sns/oauth2/access_token", exchange).or(http.MethodPost),
		get("/sns/oauth2/refresh_token", refreshTokens),
		get("/sns/userinfo", userInfo),
		get("/sns/auth", fixed(checkGrant, okMessage)),
		get("/cgi-bin/token", classicAccessToken),
		post("/cgi-bin/stable_token", body(stableAccessToken)),
		get("/cgi-bin/ticket/getticket", ticketFor).from(OfficialAccount).
			need("type", aText, 40097),
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
	return e.run(w, r)
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
