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

// messageEndpoints are chapters 11, 13 and 14: updatable messages, short links, SOTER.
func (s *Server) messageEndpoints() []endpoint {
	mini := []appKind{miniProgram}
	return []endpoint{
		{method: http.MethodGet, path: "/cgi-bin/message/wxopen/activityid/create", callers: mini, run: s.createActivity},
		{
			method: http.MethodPost, path: "/cgi-bin/message/wxopen/updatablemsg/send", callers: mini,
			fields: []field{{"activity_id", aText, 47501}, {"target_state", aNumber, 47001}, {"template_info", anObject, 47001}},
			check:  s.updateMessage, sample: okMessage,
		},
		{
			method: http.MethodPost, path: "/wxa/genwxashortlink", callers: mini,
			fields: []field{{"page_url", aText, 40066}}, run: s.shortLink,
		},
		{
			method: http.MethodPost, path: "/cgi-bin/soter/verify_signature", callers: mini,
			fields: []field{{"openid", aText, 47001}, {"json_string", aText, 47001}, {"json_signature", aText, 47001}},
			run:    s.verifySoter,
		},
	}
}

// An activity is a message that changes on the phones that have it.
type activity struct {
	expires time.Time
	started bool
}

// createActivity is GET /cgi-bin/message/wxopen/activityid/create.
func (s *Server) createActivity(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if openID := r.query.Get("openid"); openID != "" {
		if _, refused := s.visitor(openID); refused != 0 {
			return r.refuse(refused)
		}
	}
	id, made := "966_"+randomText(60, urlSafe), &activity{expires: r.now.Add(activityLife)}
	s.activities.put(id, made, r.now)
	return r.ok(object("activity_id", id, "expiration_time", made.expires.Unix(), "errcode", 0, "errmsg", "ok"))
}

// updateMessage is POST /cgi-bin/message/wxopen/updatablemsg/send. State 0 may become 0 or 1; 1 is the end.
func (s *Server) updateMessage(r *request) int {
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
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.activities.get(ask.ActivityID, r.now)
	switch {
	case !ok:
		return 47501
	case !r.now.Before(a.expires):
		return 47504
	case ask.TargetState != 0 && ask.TargetState != 1, a.started:
		return 47502
	case ask.TargetState == 0 && (have["member_count"] == "" || have["room_limit"] == ""):
		return 47001
	case ask.TargetState == 1 && have["path"] == "":
		return 47001
	case ask.TargetState == 1 && !slices.Contains([]string{"develop", "trial", "release"}, have["version_type"]):
		return 47503
	}
	a.started = ask.TargetState == 1
	return 0
}

// shortLink is POST /wxa/genwxashortlink.
func (s *Server) shortLink(r *request) answer {
	var ask struct {
		PageURL     string `json:"page_url"`
		PageTitle   string `json:"page_title"`
		IsPermanent bool   `json:"is_permanent"`
	}
	switch {
	case json.Unmarshal(r.body, &ask) != nil:
		return r.refuse(47001)
	case len(ask.PageURL) > 1024 || strings.Contains(ask.PageURL, "://"):
		return r.refuse(40066)
	case strings.ContainsAny(ask.PageTitle, "\r\n\t"):
		return r.refuse(40225)
	}
	if ask.IsPermanent {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.permanentLinks >= permanentShortURLs {
			return r.refuse(85400)
		}
		s.permanentLinks++
	}
	link := "#小程序://模拟器/"
	if title := []rune(ask.PageTitle); len(title) > 20 {
		link += string(title[:20]) + ".../"
	} else if len(title) > 0 {
		link += ask.PageTitle + "/"
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "link", link+randomText(15, alphanumeric)))
}

// SoterSignature is what a user's phone signs a resultJSON with, for cgi-bin/soter/verify_signature.
func (s *Server) SoterSignature(openID, resultJSON string) string {
	return base64.StdEncoding.EncodeToString([]byte(sha256Hex(s.mini().secret + "\n" + openID + "\n" + resultJSON)))
}

// verifySoter is POST /cgi-bin/soter/verify_signature. A bad signature is no error and has no errcode.
func (s *Server) verifySoter(r *request) answer {
	var ask struct {
		OpenID     string
		ResultJSON string `json:"json_string"`
		Signature  string `json:"json_signature"`
	}
	if json.Unmarshal(r.body, &ask) != nil {
		return r.refuse(47001)
	}
	if ask.Signature != s.SoterSignature(ask.OpenID, ask.ResultJSON) {
		return r.ok(`{"is_ok":false}`)
	}
	return r.ok(`{"errcode":0,"errmsg":"ok","is_ok":true}`)
}
