package wxsim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	activityLife       = 24 * time.Hour
	permanentShortURLs = 100_000
)

// messageEndpoints are the APIs for updatable messages, short links and SOTER.
func messageEndpoints() []endpoint {
	return []endpoint{
		// The documentation says GET, and two libraries send POST.
		get("/cgi-bin/message/wxopen/activityid/create", createActivity).or(http.MethodPost).
			from(MiniProgram),
		post("/cgi-bin/message/wxopen/updatablemsg/send", fixed(updateMessage, okMessage)).
			from(MiniProgram).need("activity_id", aText, 47501).
			need("target_state", aNumber, 47001).need("template_info", anObject, 47001),
		post("/wxa/genwxashortlink", body(shortLink)).from(MiniProgram).
			need("page_url", aText, 40066),
		post("/cgi-bin/soter/verify_signature", body(verifySoter)).from(MiniProgram).
			need("openid", aText, 47001).need("json_string", aText, 47001).
			need("json_signature", aText, 47001),
	}
}

// An activity is an updatable message.
type activity struct {
	expires time.Time
	started bool
}

// createActivity is GET /cgi-bin/message/wxopen/activityid/create.
func createActivity(w *world, r *request) answer {
	if openID := r.query.Get("openid"); openID != "" {
		if _, refused := w.visitor(r.app, openID); refused != 0 {
			return r.refuse(refused)
		}
	}
	id, made := "966_"+randomText(60, urlSafe), &activity{expires: w.now.Add(activityLife)}
	w.activities.put(id, made, w.now)
	return r.ok(object("activity_id", id, "expiration_time", made.expires.Unix(), "errcode", 0,
		"errmsg", "ok"))
}

// updateMessage is POST /cgi-bin/message/wxopen/updatablemsg/send. State 0 may be followed by 0 or
// 1, and 1 is final.
func updateMessage(w *world, r *request) int {
	var ask struct {
		ActivityID   string `json:"activity_id"`
		TargetState  int    `json:"target_state"`
		TemplateInfo struct {
			Parameters []struct{ Name, Value string } `json:"parameter_list"`
		} `json:"template_info"`
	}
	if json.Unmarshal(r.body, &ask) != nil {
		return 47001
	}
	have := map[string]string{}
	for _, p := range ask.TemplateInfo.Parameters {
		have[p.Name] = p.Value
	}
	a, ok := w.activities.get(ask.ActivityID, w.now)
	switch {
	case !ok:
		return 47501
	case !w.now.Before(a.expires):
		return 47504
	case ask.TargetState != 0 && ask.TargetState != 1, a.started:
		return 47502
	case ask.TargetState == 0 && (have["member_count"] == "" || have["room_limit"] == ""):
		return 47001
	case ask.TargetState == 1 && have["path"] == "":
		return 47001
	case ask.TargetState == 1 &&
		!slices.Contains([]string{"develop", "trial", "release"}, have["version_type"]):
		return 47503
	}
	a.started = ask.TargetState == 1
	return 0
}

// shortLink is POST /wxa/genwxashortlink.
func shortLink(w *world, r *request, ask struct {
	PageURL     string `json:"page_url"`
	PageTitle   string `json:"page_title"`
	IsPermanent bool   `json:"is_permanent"`
},
) answer {
	switch {
	case len(ask.PageURL) > 1024 || strings.Contains(ask.PageURL, "://"):
		return r.refuse(40066)
	case strings.ContainsAny(ask.PageTitle, "\r\n\t"):
		return r.refuse(40225)
	}
	if ask.IsPermanent {
		if w.permanentLinks >= permanentShortURLs {
			return r.refuse(85400)
		}
		w.permanentLinks++
	}
	link := "#小程序://模拟器/"
	if title := []rune(ask.PageTitle); len(title) > 20 {
		link += string(title[:20]) + ".../"
	} else if len(title) > 0 {
		link += ask.PageTitle + "/"
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "link", link+randomText(15, alphanumeric)))
}

// SoterSignature returns the signature of a user's phone for a resultJSON, for
// cgi-bin/soter/verify_signature.
func (s *Server) SoterSignature(openID, resultJSON string) string {
	return hold(&s.holder, func(w *world) string {
		k := w.people[openID]
		if k.person == nil {
			return w.first(MiniProgram).soterSignature(openID, resultJSON)
		}
		return w.mini(k).soterSignature(openID, resultJSON)
	})
}

func (a *app) soterSignature(openID, resultJSON string) string {
	return base64.StdEncoding.EncodeToString([]byte(sha256Hex(a.Secret + "\n" + openID + "\n" +
		resultJSON)))
}

// verifySoter is POST /cgi-bin/soter/verify_signature. A bad signature is not an error and has no
// errcode.
func verifySoter(_ *world, r *request, ask struct {
	OpenID     string
	ResultJSON string `json:"json_string"`
	Signature  string `json:"json_signature"`
},
) answer {
	if ask.Signature != r.app.soterSignature(ask.OpenID, ask.ResultJSON) {
		return r.ok(`{"is_ok":false}`)
	}
	return r.ok(`{"errcode":0,"errmsg":"ok","is_ok":true}`)
}
