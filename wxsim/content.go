package wxsim

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// contentEndpoints are the checks of content (sec-check) and of users (getuserriskrank).
func contentEndpoints() []endpoint {
	// The spelling unoin_id is WeChat's.
	const rank = `{"errcode":0,"errmsg":"getuserriskrank succ","risk_rank":0,"unoin_id":2258658297}`
	return []endpoint{
		post("/wxa/msg_sec_check", body(checkText)).from(MiniProgram).raw().
			need("content", aText, 47001),
		post("/wxa/media_check_async", body(checkMedia)).from(MiniProgram).raw().
			need("media_url", aText, 47001).need("media_type", aNumber, 40004),
		post("/wxa/getuserriskrank", fixed(riskRank, rank)).from(MiniProgram).
			need("appid", aText, 40013).need("openid", aText, 40003).
			need("scene", aNumber, 40129).need("client_ip", aText, 47001),
	}
}

// visitMemory is how long after a visit of the mini program its user may be checked.
const visitMemory = 2 * time.Hour

// recentVisitor returns the code of the refusal if the user did not open the mini program within
// two hours.
func recentVisitor(w *world, r *request, openID string) int {
	p, refused := w.visitor(r.app, openID)
	switch {
	case refused != 0:
		return refused
	case p.visit(r.app).At.IsZero() || w.now.Sub(p.visit(r.app).At) >= visitMemory:
		return 61010
	}
	return 0
}

// A contentCheck is the request of both checks. Version 1 has no version, scene or openid.
type contentCheck struct {
	Content, OpenID string
	MediaURL        string      `json:"media_url"`
	MediaType       int         `json:"media_type"`
	Version         json.Number // a number, or the same as a text
	Scene           int
}

// contentRefused returns the code of the refusal of version, scene and openid, or 0.
func contentRefused(w *world, r *request, ask contentCheck) int {
	switch {
	case ask.Version == "" || ask.Version == "1":
		return 0
	case ask.Version != "2":
		return 47001
	case ask.Scene < 1 || ask.Scene > 4:
		return 40129
	case ask.OpenID == "":
		return 40003
	}
	return recentVisitor(w, r, ask.OpenID)
}

// checkText is POST /wxa/msg_sec_check. A text with the word "risky" or "违规" is risky, one with
// "review" or "复审" is for review, and any other passes. Version 1 refuses a risky text.
func checkText(w *world, r *request, ask contentCheck) answer {
	if utf8.RuneCountInString(ask.Content) > 2500 {
		return r.refuse(47001)
	}
	if refused := contentRefused(w, r, ask); refused != 0 {
		return r.refuse(refused)
	}
	suggest := suggestion(ask.Content)
	if ask.Version != "2" {
		if suggest == "risky" {
			return r.refuse(87014)
		}
		return r.ok(okMessage)
	}
	verdict := `"result":{"suggest":"pass","label":100},"detail":[{"strategy":"content_model",` +
		`"errcode":0,"suggest":"pass","label":100,"prob":90}]`
	switch suggest {
	case "risky":
		verdict = `"result":{"suggest":"risky","label":20001},` +
			`"detail":[{"strategy":"content_model","errcode":0,"suggest":"risky","label":20006,` +
			`"prob":90},{"strategy":"keyword","errcode":0,"suggest":"risky","label":20006,` +
			`"level":90,"keyword":"x"}]`
	case "review":
		verdict = `"result":{"suggest":"review","label":20012},` +
			`"detail":[{"strategy":"content_model","errcode":0,"suggest":"review","label":20012,` +
			`"prob":55},{"strategy":"keyword","errcode":87020}]`
	}
	return r.ok(`{"errcode":0,"errmsg":"ok",` + verdict + `,"trace_id":"` + r.rid() + `"}`)
}

// suggestion returns the verdict about a text: pass, risky or review.
func suggestion(text string) string {
	has := func(word string) bool { return strings.Contains(text, word) }
	switch {
	case has("risky") || has("违规"):
		return "risky"
	case has("review") || has("复审"):
		return "review"
	}
	return "pass"
}

// checkMedia is POST /wxa/media_check_async. The verdict is pushed to the mini program's push URL
// a moment later, in the form of the requested version. If there is no push URL, see [Event]. The
// verdict depends on the words in the media URL, as with a text.
func checkMedia(w *world, r *request, ask contentCheck) answer {
	u, badURL := url.Parse(ask.MediaURL)
	switch {
	case badURL != nil || u.Host == "":
		return r.refuse(47001)
	case ask.MediaType < 1 || ask.MediaType > 2:
		return r.refuse(40004)
	}
	if refused := contentRefused(w, r, ask); refused != 0 {
		return r.refuse(refused)
	}
	id, version := randomHex(32), 1
	if ask.Version == "2" {
		version = 2
	}
	w.checks.put(id, version, w.now)
	w.tell(r.app, Event{
		Type: "wxa_media_check", AppID: r.app.AppID, OpenID: ask.OpenID, Ticket: id,
		Key: suggestion(ask.MediaURL),
	})
	return r.ok(object("errcode", 0, "errmsg", "ok", "trace_id", id))
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
	case ask.AppID != r.app.AppID:
		return 40013
	case ask.Scene < 0 || ask.Scene > 2:
		return 40129
	}
	refused := recentVisitor(w, r, ask.OpenID)
	if refused == 61010 && ask.IsTest {
		return 0
	}
	return refused
}
