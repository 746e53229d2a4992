package wxsim

import (
	"bytes"
	"encoding/json"
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

	Origin     string // as in the visitor's address of this page
	Apps       []homeApp
	Users      []homeUser
	Now        time.Time
	Ahead      string // by how much the clock was moved, or ""
	Paths      []string
	FaultKinds []faultKind
	Switches   []homeSwitch
	Events     []string
}

type homeApp struct {
	App

	Look     look
	Variable string // environment variable for the appid; "" except for the first app of a kind
}

type homeUser struct {
	User

	Current bool
	Voided  bool // whether the visitor has just ended the tokens
	Follows []homeFollow
}

type homeFollow struct {
	AppID, Name string
	On          bool
}

type homeSwitch struct {
	Switch

	On bool
}

// Accounts returns the official accounts.
func (d homeData) Accounts() []homeApp { return d.Of(OfficialAccount) }

// Of returns the apps of a kind.
func (d homeData) Of(kind Kind) []homeApp {
	return slices.DeleteFunc(slices.Clone(d.Apps), func(a homeApp) bool { return a.Kind != kind })
}

// liveData is the part of the page that is updated.
type liveData struct {
	page

	Faults []activeFault
	Calls  []numberedCall // newest first
}

// Readable returns an answer as text, with JSON indented. For a page or a file it returns what
// that is.
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

func newLiveData(w *world, r *http.Request) liveData {
	return liveData{newPage(r), w.faults.active(), w.calls.latest(shownCalls)}
}

// liveParts is GET /wxsim/live, which the page fetches every two seconds.
func liveParts(w *world, r *http.Request) answer {
	return w.pages.renderPart("home", "live", newLiveData(w, r))
}

// homePage is GET /.
func homePage(w *world, r *http.Request) answer {
	data := homeData{
		liveData:   newLiveData(w, r),
		Origin:     origin(r),
		Now:        w.now,
		Paths:      w.paths,
		FaultKinds: faultKinds(),
		Events:     eventTypes(),
	}
	data.Ahead = data.span(w.clock.ahead())
	var accounts []*app
	for _, a := range w.apps {
		shown := homeApp{App: a.App, Look: data.look(a)}
		if a == w.first(a.Kind) {
			shown.Variable = map[Kind]string{
				OfficialAccount: "WECHAT", WebsiteApp: "WECHAT_WEBSITE", MiniProgram: "WECHAT_MINI",
				Platform: "WECHAT_PLATFORM",
			}[a.Kind]
		}
		data.Apps = append(data.Apps, shown)
		if a.Kind == OfficialAccount {
			accounts = append(accounts, a)
		}
	}
	current, voided := w.owner(r), r.FormValue("voided")
	for _, p := range w.everybody {
		shown := homeUser{
			User: p.User, Current: p.OpenID == current.OpenID, Voided: p.OpenID == voided,
		}
		for _, a := range accounts {
			_, on := p.follows[a]
			shown.Follows = append(shown.Follows, homeFollow{a.AppID, data.look(a).Name, on})
		}
		data.Users = append(data.Users, shown)
	}
	for _, s := range Switches() {
		data.Switches = append(data.Switches, homeSwitch{s, *s.In(&w.cfg)})
	}
	return w.pages.render("home", data)
}

// span returns a duration as text, such as "30 d 2 h".
func (p page) span(d time.Duration) string {
	var words []string
	for _, unit := range []struct {
		length           time.Duration
		chinese, english string
	}{
		{24 * time.Hour, "天", "d"},
		{time.Hour, "小时", "h"},
		{time.Minute, "分钟", "min"},
		{time.Second, "秒", "s"},
	} {
		if n := d / unit.length; n > 0 {
			words = append(words, strconv.Itoa(int(n))+" "+p.T(unit.chinese, unit.english))
			d %= unit.length
		}
	}
	return strings.Join(words, " ")
}

// origin returns scheme and host of the visitor's address of a page.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// changeUsers is POST /wxsim/users: it adds a user, ends the tokens of one, makes one the current
// user, or makes one follow an official account or leave it.
func (s *Server) changeUsers(r *http.Request) answer {
	user := r.PostFormValue("user") // parses the form
	switch r.PostForm.Get("do") {
	case "add":
		s.AddUser(userFromForm(r.PostForm))
	case "revoke":
		s.RevokeUser(user)
		return redirectAs(http.StatusSeeOther, "/?voided="+url.QueryEscape(user)+"#users")
	case "own":
		return withOwner(seeHome("users"), user)
	case "follow", "unfollow":
		e, err := s.follow(r.PostForm.Get("appid"), user, r.PostForm.Get("do") == "follow")
		if err != nil {
			return s.pages.badForm(r, "没有这个用户或公众号", "no such user or official account")
		}
		if s.wantsPush(e.AppID) {
			return s.told(r, e)
		}
	}
	return seeHome("users")
}

// turnSwitch is POST /wxsim/switches.
func turnSwitch(w *world, r *http.Request) answer {
	field := w.cfg.Switch(r.PostFormValue("name"))
	if field == nil {
		return w.pages.badForm(r, "没有这个开关", "no such switch")
	}
	*field = r.PostFormValue("on") != ""
	return seeHome("switches")
}

// moveClock is POST /wxsim/advance.
func moveClock(w *world, r *http.Request) answer {
	by, err := time.ParseDuration(r.PostFormValue("by"))
	if err != nil {
		return w.pages.badForm(r, "by 不是 5m、2h 这样的时长", "by is not a duration such as 5m or 2h")
	}
	w.clock.advance(by)
	return seeHome("clock")
}

// switchOn is POST /wxsim/fail.
func switchOn(w *world, r *http.Request) answer {
	spec := FaultSpec{Path: r.PostFormValue("path"), Kind: r.PostFormValue("fault")}
	number, badNumber := strconv.ParseFloat(r.PostFormValue("number"), 64)
	spec.Number = number
	spec.Times, _ = strconv.Atoi(r.PostFormValue("times")) // 0 if empty: until it is cleared
	takes := slices.ContainsFunc(faultKinds(), func(k faultKind) bool {
		return k.Name == spec.Kind && k.Number != ""
	})
	if takes && badNumber != nil {
		return w.pages.badForm(r, "这种故障要有数值", "this fault takes a number")
	}
	if err := w.failWith(spec); err != nil {
		return w.pages.badForm(r, "故障、接口或数值不对："+err.Error(), err.Error())
	}
	return seeHome("faults")
}

// switchOff is POST /wxsim/clear.
func switchOff(w *world, r *http.Request) answer {
	w.faults.clear(r.PostFormValue("path"))
	return seeHome("faults")
}

// forget is POST /wxsim/reset.
func forget(w *world, _ *http.Request) answer {
	w.calls.reset()
	w.faults.reset()
	return seeHome("calls")
}

// seeHome redirects to a part of the page at /.
func seeHome(part string) answer { return redirectAs(http.StatusSeeOther, "/#"+part) }
