package wxsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An endpoint is one row of the table of everything that WeChat answers. What is the same for
// all APIs (method, access_token, body, required fields) is checked from the row; only what has
// a behaviour of its own has a function.
type endpoint struct {
	method, path string

	// callers are the kinds of app whose access_token is taken, in the query. Empty: the call
	// needs no such token.
	callers []appKind

	// fields are required: in the query of a GET, in the JSON body of a POST.
	fields []field

	// check refuses what this API refuses beyond that, with a code; nil or 0 is fine. Then
	// sample is the answer.
	check  func(*request) int
	sample string

	// run answers an API that has no fixed answer, instead of check and sample.
	run func(*request) answer
}

// A field is one required parameter and the code that its absence, or another type, is answered with.
type field struct {
	name string
	kind jsonKind
	code int
}

type jsonKind int

const (
	aText jsonKind = iota
	aNumber
	anObject
)

// endpoints is the table, by path.
func (s *Server) endpoints() map[string]endpoint {
	rows := slices.Concat(
		s.loginEndpoints(), s.sessionEndpoints(), s.dataEndpoints(),
		s.imageEndpoints(), s.contentEndpoints(), s.messageEndpoints(),
	)
	table := make(map[string]endpoint, len(rows))
	for _, e := range rows {
		table[e.path] = e
	}
	return table
}

// loginEndpoints are chapters 2 to 4: app tokens, web login and the JS-SDK's ticket.
func (s *Server) loginEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: "/connect/oauth2/authorize", run: s.authorize},
		{method: http.MethodGet, path: "/connect/qrconnect", run: s.qrConnect},
		{method: http.MethodGet, path: "/sns/oauth2/access_token", run: s.exchange},
		{method: http.MethodGet, path: "/sns/oauth2/refresh_token", run: s.refreshTokens},
		{method: http.MethodGet, path: "/sns/userinfo", run: s.userInfo},
		{method: http.MethodGet, path: "/sns/auth", check: s.checkGrant, sample: okMessage},
		{method: http.MethodGet, path: "/cgi-bin/token", run: s.classicAccessToken},
		{method: http.MethodPost, path: "/cgi-bin/stable_token", run: s.stableAccessToken},
		{
			method: http.MethodGet, path: "/cgi-bin/ticket/getticket",
			callers: []appKind{officialAccount},
			fields:  []field{{"type", aText, 40097}},
			run:     s.jsTicket,
		},
	}
}

// serve checks what the row says and answers.
func (s *Server) serve(e endpoint, r *request) answer {
	if r.Method != e.method {
		return wrongMethod(e, r)
	}
	if code := s.overLimit(e.path, r.now); code != 0 {
		return r.refuse(code)
	}
	if len(e.callers) > 0 {
		s.mu.Lock()
		a, code := s.tokenApp(r.query.Get("access_token"), r.now)
		s.mu.Unlock()
		if code != 0 {
			return r.refuse(code)
		}
		if !slices.Contains(e.callers, a.kind) {
			return r.refuse(48001)
		}
		r.app = a
	}
	if code := checkFields(e, r); code != 0 {
		return r.refuse(code)
	}
	if e.run != nil {
		return e.run(r)
	}
	if e.check != nil {
		if code := e.check(r); code != 0 {
			return r.refuse(code)
		}
	}
	return r.ok(e.sample)
}

// checkFields says 0 if all required fields are there.
func checkFields(e endpoint, r *request) int {
	if len(e.fields) == 0 {
		return 0
	}
	if e.method == http.MethodGet {
		for _, f := range e.fields {
			if r.query.Get(f.name) == "" {
				return f.code
			}
		}
		return 0
	}
	if len(r.body) == 0 {
		return 44002
	}
	var have map[string]json.RawMessage
	switch {
	case json.Unmarshal(r.body, &have) != nil:
		return 47001
	case hasUnicodeEscape(r.body):
		return 40033
	}
	for _, f := range e.fields {
		if !f.kind.fits(have[f.name]) {
			return f.code
		}
	}
	return 0
}

// hasUnicodeEscape finds a backslash and u: WeChat wants its JSON in plain UTF-8.
func hasUnicodeEscape(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if body[i+1] == 'u' {
			return true
		}
		i++ // whatever it escapes is passed over
	}
	return false
}

// fits says whether a JSON text is there and of the kind. An empty string is as good as none.
func (k jsonKind) fits(value json.RawMessage) bool {
	if len(value) == 0 {
		return false
	}
	switch k {
	case aText:
		return value[0] == '"' && len(value) > 2
	case aNumber:
		return value[0] == '-' || value[0] >= '0' && value[0] <= '9'
	default:
		return value[0] == '{'
	}
}

// jsTicket is GET /cgi-bin/ticket/getticket.
func (s *Server) jsTicket(r *request) answer {
	kind := r.query.Get("type")
	if kind != "jsapi" && kind != "wx_card" {
		return r.refuse(40097)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := r.app.tickets[kind]
	if !r.now.Before(t.expires) {
		t = ticket{"LIKLckvwlJT9cWIhEQTwfL" + randomText(64, urlSafe), r.now.Add(tokenLife)}
		r.app.tickets[kind] = t
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "ticket", t.text, "expires_in", int(t.expires.Sub(r.now)/time.Second)))
}

// isPage tells the pages of open.weixin.qq.com from the APIs.
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
