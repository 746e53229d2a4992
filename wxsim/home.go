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

func (w *world) newLiveData(r *http.Request) liveData {
	return liveData{newPage(r), w.faults.active(), w.calls.latest(shownCalls)}
}

// liveParts is GET /wxsim/live, which the page asks every two seconds.
func liveParts(w *world, r *http.Request) answer {
	return w.pages.renderPart("home", "live", w.newLiveData(r))
}

// homePage is GET /.
func homePage(w *world, r *http.Request) answer {
	data := homeData{
		liveData: w.newLiveData(r),
		Origin:   origin(r),
		Apps: []homeApp{
			{"公众号", "Official account", "WECHAT", w.apps[0].id, w.apps[0].secret},
			{"网站应用", "Website app", "WECHAT_WEBSITE", w.apps[1].id, w.apps[1].secret},
			{"小程序", "Mini program", "WECHAT_MINI", w.apps[2].id, w.apps[2].secret},
		},
		Now:        w.now,
		Paths:      w.paths,
		FaultKinds: faultKinds(),
	}
	data.Ahead = data.span(w.clock.ahead())
	owner, voided := w.owner(r), r.FormValue("voided")
	for _, u := range w.users() {
		data.Users = append(data.Users, homeUser{u, u.OpenID == owner.OpenID, u.OpenID == voided})
	}
	return w.pages.render("home", data)
}

// span writes a duration in words, such as "30 d 2 h".
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
func changeUsers(w *world, r *http.Request) answer {
	user := r.PostFormValue("user")
	switch r.PostFormValue("do") {
	case "add":
		w.addUser(userFromForm(r.PostForm))
	case "revoke":
		w.revoke(user)
		return seeOther("/?voided=" + url.QueryEscape(user) + "#users")
	case "own":
		return withOwner(seeHome("users"), user)
	}
	return seeHome("users")
}

// moveClock is POST /wxsim/advance.
func moveClock(w *world, r *http.Request) answer {
	by, err := time.ParseDuration(r.PostFormValue("by"))
	if err != nil {
		return w.pages.badForm(r, "by is not a duration such as 5m or 2h")
	}
	w.clock.advance(by)
	return seeHome("clock")
}

// switchOn is POST /wxsim/fail.
func switchOn(w *world, r *http.Request) answer {
	path := r.PostFormValue("path")
	kinds := faultKinds()
	i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.Name == r.PostFormValue("fault") })
	switch {
	case i < 0:
		return w.pages.badForm(r, "unknown fault")
	case !slices.Contains(w.paths, path) && path != AnyPath:
		return w.pages.badForm(r, "unknown path")
	}
	number, err := strconv.Atoi(r.PostFormValue("number"))
	if kinds[i].Number != "" && (err != nil || kinds[i].Name == "status" && (number < 200 || number > 599)) {
		return w.pages.badForm(r, "this fault takes no such number")
	}
	var times []int
	if n, err := strconv.Atoi(r.PostFormValue("times")); err == nil {
		times = []int{n}
	}
	w.faults.add(path, kinds[i].fault(number), times...)
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

// seeHome goes back to a part of the page at /.
func seeHome(part string) answer { return seeOther("/#" + part) }

func seeOther(location string) answer {
	return answer{status: http.StatusSeeOther, header: http.Header{"Location": {location}}}
}
