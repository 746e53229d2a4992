package wxsim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// contentEndpoints check what users write (sec-check) and who they are (getuserriskrank).
func contentEndpoints() []endpoint {
	mini := []appKind{miniProgram}
	return []endpoint{
		{
			method: http.MethodPost, path: "/wxa/msg_sec_check", callers: mini,
			fields: []field{{"content", aText, 47001}, {"version", aNumber, 47001}, {"scene", aNumber, 40129}, {"openid", aText, 40003}},
			run:    body(checkText),
		},
		{
			method: http.MethodPost, path: "/wxa/media_check_async", callers: mini,
			fields: []field{{"media_url", aText, 47001}, {"media_type", aNumber, 40004}, {"version", aNumber, 47001}, {"scene", aNumber, 40129}, {"openid", aText, 40003}},
			run:    body(checkMedia),
		},
		{
			method: http.MethodPost, path: "/wxa/getuserriskrank", callers: mini,
			fields: []field{{"appid", aText, 40013}, {"openid", aText, 40003}, {"scene", aNumber, 40129}, {"client_ip", aText, 47001}},
			check:  riskRank,
			sample: `{"errcode":0,"errmsg":"getuserriskrank succ","risk_rank":0,"unoin_id":2258658297}`, // sic
		},
	}
}

// visitMemory is how long a visit of the mini program counts for content checks.
const visitMemory = 2 * time.Hour

// recentVisitor refuses an openid whose user did not open the mini program within two hours.
func (w *world) recentVisitor(r *request, openID string) int {
	p, refused := w.visitor(r.app, openID)
	switch {
	case refused != 0:
		return refused
	case p.visited.IsZero() || w.now.Sub(p.visited) >= visitMemory:
		return 61010
	}
	return 0
}

// checkText is POST /wxa/msg_sec_check. A text with the word "risky" or "违规" is risky, one
// with "review" or "复审" is for review, and any other passes.
func checkText(w *world, r *request, ask struct {
	Content, OpenID string
	Version, Scene  int
},
) answer {
	switch {
	case ask.Version != 2 || utf8.RuneCountInString(ask.Content) > 2500:
		return r.refuse(47001)
	case ask.Scene < 1 || ask.Scene > 4:
		return r.refuse(40129)
	}
	if refused := w.recentVisitor(r, ask.OpenID); refused != 0 {
		return r.refuse(refused)
	}
	verdict := `"result":{"suggest":"pass","label":100},"detail":[{"strategy":"content_model","errcode":0,"suggest":"pass","label":100,"prob":90}]`
	switch {
	case containsAny(ask.Content, "risky", "违规"):
		verdict = `"result":{"suggest":"risky","label":20001},"detail":[{"strategy":"content_model","errcode":0,"suggest":"risky","label":20006,"prob":90},{"strategy":"keyword","errcode":0,"suggest":"risky","label":20006,"level":90,"keyword":"x"}]`
	case containsAny(ask.Content, "review", "复审"):
		verdict = `"result":{"suggest":"review","label":20012},"detail":[{"strategy":"content_model","errcode":0,"suggest":"review","label":20012,"prob":55},{"strategy":"keyword","errcode":87020}]`
	}
	return r.ok(`{"errcode":0,"errmsg":"ok",` + verdict + `,"trace_id":"` + r.rid() + `"}`)
}

func containsAny(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// checkMedia is POST /wxa/media_check_async. The verdict comes by message push; see [Server.MediaCheckEvent].
func checkMedia(w *world, r *request, ask struct {
	MediaURL  string `json:"media_url"`
	MediaType int    `json:"media_type"`
	OpenID    string
	Version   int
	Scene     int
},
) answer {
	u, badURL := url.Parse(ask.MediaURL)
	switch {
	case ask.Version != 2 || badURL != nil || u.Host == "":
		return r.refuse(47001)
	case ask.MediaType < 1 || ask.MediaType > 2:
		return r.refuse(40004)
	case ask.Scene < 1 || ask.Scene > 4:
		return r.refuse(40129)
	}
	if refused := w.recentVisitor(r, ask.OpenID); refused != 0 {
		return r.refuse(refused)
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "trace_id", randomHex(32)))
}

// riskRank is POST /wxa/getuserriskrank. A test call needs no visit.
func riskRank(w *world, r *request) int {
	var ask struct {
		AppID, OpenID string
		Scene         int
		IsTest        bool `json:"is_test"`
	}
	switch {
	case json.Unmarshal(r.body, &ask) != nil:
		return 47001
	case ask.AppID != r.app.id:
		return 40013
	case ask.Scene < 0 || ask.Scene > 2:
		return 40129
	}
	refused := w.recentVisitor(r, ask.OpenID)
	if refused == 61010 && ask.IsTest {
		return 0
	}
	return refused
}
