package wxsim

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// shownCalls is how many calls the page at / lists.
const shownCalls = 50

// homeData is the page at /.
type homeData struct {
	liveData

	Origin     string // as the visitor reached this page
	Apps       []homeApp
	Users      []homeUser
	Now        time.Time
	Ahead      string // how far the clock was moved; "" if not at all
	Paths      []string
	FaultKinds []faultKind
}

type homeApp struct{ Chinese, English, Variable, ID, Secret string }

type homeUser struct {
	User

	Owner  bool
	Voided bool // the visitor has just voided the tokens
}

// liveData is the part of the page that renews itself.
type liveData struct {
	page

	Faults []activeFault
	Calls  []numberedCall // newest first
}

// Readable is an answer as text, JSON indented, or a word for a page and for bytes.
func (d liveData) Readable(c numberedCall) string {
	var indented bytes.Buffer
	switch {
	case bytes.HasPrefix(c.Answer, []byte("<!DOCTYPE")):
		return d.T("（网页）", "(a page)")
	case !utf8.Valid(c.Answer):
		return d.T("（二进制）", "(binary)")
	case json.Indent(&indented, c.Answer, "", "  ") == nil:
		return indented.String()
	}
	return string(c.Answer)
}

func (s *Server) newLiveData(r *http.Request) liveData {
	return liveData{newPage(r), s.faults.active(), s.calls.latest(shownCalls)}
}

// liveParts is GET /wxsim/live, which the page asks every two seconds.
func (s *Server) liveParts(r *http.Request) answer {
	return s.renderPart("home", "live", s.newLiveData(r))
}

// homePage is GET /.
func (s *Server) homePage(r *http.Request) answer {
	data := homeData{
		liveData: s.newLiveData(r),
		Origin:   origin(r),
		Apps: []homeApp{
			{"公众号", "Official account", "WECHAT", s.AppID(), s.Secret()},
			{"网站应用", "Website app", "WECHAT_WEBSITE", s.WebsiteAppID(), s.WebsiteSecret()},
			{"小程序", "Mini program", "WECHAT_MINI", s.MiniAppID(), s.MiniSecret()},
		},
		Now:        s.Now(),
		Paths:      slices.Sorted(maps.Keys(s.routes)),
		FaultKinds: faultKinds(),
	}
	data.Ahead = data.span(s.clock.ahead())
	owner, voided := s.owner(r), r.FormValue("voided")
	for _, u := range s.Users() {
		data.Users = append(data.Users, homeUser{u, u.OpenID == owner.OpenID, u.OpenID == voided})
	}
	return s.render("home", data)
}

// span says a duration in words, such as "30 d 2 h".
func (p page) span(d time.Duration) string {
	var words []string
	for _, unit := range []struct {
		length           time.Duration
		chinese, english string
	}{
		{24 * time.Hour, "天", "d"}, {time.Hour, "小时", "h"}, {time.Minute, "分钟", "min"}, {time.Second, "秒", "s"},
	} {
		if n := d / unit.length; n > 0 {
			words = append(words, strconv.Itoa(int(n))+" "+p.T(unit.chinese, unit.english))
			d %= unit.length
		}
	}
	return strings.Join(words, " ")
}

// origin is the scheme and host by which the visitor reached a page.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// changeUsers is POST /wxsim/users: add one, void the tokens of one, or give one the phone.
func (s *Server) changeUsers(r *http.Request) answer {
	user := r.PostFormValue("user")
	switch r.PostFormValue("do") {
	case "add":
		s.AddUser(userFromForm(r.PostForm))
	case "revoke":
		s.RevokeUser(user)
		return seeOther("/?voided=" + url.QueryEscape(user) + "#users")
	case "own":
		return withOwner(seeHome("users"), user)
	}
	return seeHome("users")
}

// moveClock is POST /wxsim/advance.
func (s *Server) moveClock(r *http.Request) answer {
	by, err := time.ParseDuration(r.PostFormValue("by"))
	if err != nil {
		return s.badForm(r, "by is not a duration such as 5m or 2h")
	}
	s.Advance(by)
	return seeHome("clock")
}

// A faultKind is a choice on the page.
type faultKind struct {
	Name, Chinese, English string
	Number                 string // an example of the number it takes; "" if it takes none

	fault func(number int) Fault
}

func faultKinds() []faultKind {
	seconds := func(fault func(time.Duration) Fault) func(int) Fault {
		return func(n int) Fault { return fault(time.Duration(n) * time.Second) }
	}
	plainly := func(fault func() Fault) func(int) Fault {
		return func(int) Fault { return fault() }
	}
	return []faultKind{
		{"code", "返回 errcode", "answer an errcode", "45009", Code},
		{"status", "返回 HTTP 状态码", "answer an HTTP status", "502", Status},
		{"html", "返回网页而不是 JSON", "answer a page instead of JSON", "", plainly(HTML)},
		{"empty", "返回空正文", "answer an empty body", "", plainly(EmptyBody)},
		{"delay", "先等待，再处理", "wait, then do it", "5", seconds(Delay)},
		{"late", "先处理，后回答", "do it, then wait", "5", seconds(Late)},
		{"slow", "慢慢发送", "send it slowly", "5", seconds(Slow)},
		{"hang", "不回答", "never answer", "", plainly(Hang)},
		{"reset", "断开连接", "close the connection", "", plainly(Reset)},
		{"cut", "回答到一半断开", "close it half way through the answer", "", plainly(Cut)},
		{"lost", "处理后断开", "do it, then close the connection", "", plainly(Lost)},
		{"nounionid", "不返回 unionid", "leave the unionid out", "", plainly(NoUnionID)},
	}
}

// switchOn is POST /wxsim/fail.
func (s *Server) switchOn(r *http.Request) answer {
	path := r.PostFormValue("path")
	_, known := s.routes[path]
	kinds := faultKinds()
	i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.Name == r.PostFormValue("fault") })
	switch {
	case i < 0:
		return s.badForm(r, "unknown fault")
	case !known && path != AnyPath:
		return s.badForm(r, "unknown path")
	}
	number, err := strconv.Atoi(r.PostFormValue("number"))
	if kinds[i].Number != "" && (err != nil || kinds[i].Name == "status" && (number < 200 || number > 599)) {
		return s.badForm(r, "this fault takes no such number")
	}
	if times, err := strconv.Atoi(r.PostFormValue("times")); err == nil {
		s.Fail(path, kinds[i].fault(number), times)
	} else {
		s.Fail(path, kinds[i].fault(number))
	}
	return seeHome("faults")
}

// switchOff is POST /wxsim/clear.
func (s *Server) switchOff(r *http.Request) answer {
	s.Clear(r.PostFormValue("path"))
	return seeHome("faults")
}

// forget is POST /wxsim/reset.
func (s *Server) forget(*http.Request) answer {
	s.Reset()
	return seeHome("calls")
}

// seeHome goes back to a part of the page at /.
func seeHome(part string) answer { return seeOther("/#" + part) }

func seeOther(location string) answer {
	return answer{status: http.StatusSeeOther, header: http.Header{"Location": {location}}}
}

// landingData is what an app would find in a callback.
type landingData struct {
	page

	Code, State, AppID, Secret string
}

// landing is GET /wxsim/landing, a redirect_uri for people who have no program yet.
func (s *Server) landing(r *http.Request) answer {
	data := landingData{newPage(r), r.FormValue("code"), r.FormValue("state"), s.AppID(), s.Secret()}
	s.mu.Lock()
	if c, ok := s.codes.get(data.Code, s.clock.now()); ok {
		data.AppID, data.Secret = c.app.id, c.app.secret
	}
	s.mu.Unlock()
	return s.render("landing", data)
}

// pushedData is what came of a push.
type pushedData struct {
	page

	Status, Body, Err string
}

// sendPush is POST /wxsim/push.
func (s *Server) sendPush(r *http.Request) answer {
	target, p, event := s.pushFromForm(r)
	data := pushedData{page: newPage(r)}
	if r.PostForm.Get("do") == "verify" {
		data.Status = "echostr ✓"
		if err := s.VerifyPushURL(r.Context(), target, p); err != nil {
			data.Err = err.Error()
		}
		return s.render("pushed", data)
	}
	resp, err := s.Push(r.Context(), target, p, event)
	if err != nil {
		data.Err = err.Error()
		return s.render("pushed", data)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	data.Status, data.Body = resp.Status, strings.ToValidUTF8(string(body), "�")
	if err != nil {
		data.Err = err.Error()
	}
	return s.render("pushed", data)
}

func (s *Server) pushFromForm(r *http.Request) (target string, p PushConfig, event []byte) {
	target = r.PostFormValue("url") // parses the form
	form := r.PostForm
	openID := s.mini().openID(s.owner(r))
	p = PushConfig{
		Token:          form.Get("token"),
		EncodingAESKey: form.Get("key"),
		Mode:           map[string]PushMode{"compat": PushCompat, "plain": PushPlain}[form.Get("mode")],
		OpenID:         openID,
	}
	format := PushJSON
	if form.Get("format") == "XML" {
		format = PushXML
	}
	if name := form.Get("event"); name != "wxa_media_check" {
		return target, p, s.AuthorizationEvent(format, name, openID)
	}
	return target, p, s.MediaCheckEvent(format, openID, randomHex(32), "pass")
}
