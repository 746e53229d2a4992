package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/internal/subject"
)

// A visit is a request to a page that needs a login, with the time when it came. Its URL is parsed
// only when a method needs that, because most requests of signed-in users do not.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	now     time.Time // when the request came
	uri     string    // path and query as the browser sent them
	path    string    // the path of uri
	query   string    // the query of uri, or ""
	address *address  // the parts of uri; nil if it is not parsed yet
	// Whether the user has asked for the login, so that WeChat's dialog may come at once.
	tapped bool
}

// maxURI is the length in bytes up to which path and query of a page are kept. A login does not
// come back to the query of a longer one, or if the path itself is longer, comes back to the home
// page. Anybody can ask for an address of a megabyte, and to take it apart and show it would cost
// a hundred times as much as to receive it.
const maxURI = 16 << 10

func newVisit(w http.ResponseWriter, r *http.Request) visit {
	v := visit{w: w, r: r, now: time.Now(), uri: requestURI(r)}
	v.path, v.query, _ = strings.Cut(v.uri, "?")
	if len(v.uri) > maxURI {
		if len(v.path) > maxURI {
			v.path = "/"
		}
		v.uri, v.query = v.path, ""
	}
	return v
}

// An address is the parsed URL of a request.
type address struct {
	page   target   // without the parameters of WeChat and of the page that asks first
	tapped bool     // whether the user comes from the page that asks first
	states []string // those of the form of ours
	codes  []string // the codes beside them
}

func (v *visit) parse() *address {
	if v.address == nil {
		v.address = parseAddress(v.uri)
	}
	return v.address
}

// page returns the page that the request asks for, without what WeChat added to its URL.
func (v *visit) page() target { return v.parse().page }

// parseAddress parses a URL and takes out the state and code of WeChat. A state of another form
// belongs to the app, and so does a code without a state of ours.
func parseAddress(uri string) *address {
	all, a := parseTarget(uri), &address{}
	all.query = slices.DeleteFunc(all.query, func(p param) bool {
		a.tapped = a.tapped || p.name == tapParam && p.value == "1"
		return p.name == tapParam
	})
	a.page = all
	if !strings.Contains(uri, statePrefix) {
		return a
	}
	clean := target{path: all.path}
	for _, p := range all.query {
		switch {
		case p.name == "state" && stateForm(p.value):
			a.states = append(a.states, p.value)
		case p.name == "code":
			a.codes = append(a.codes, p.value)
		default:
			clean.query = append(clean.query, p)
		}
	}
	if len(a.states) > 0 {
		a.page = clean.homeward()
	}
	return a
}

// A callback is a request with which WeChat sends the browser back, with a state of ours.
type callback struct {
	state  state
	code   string
	denied bool // there is no code, so the user has refused
}

// callback returns the callback, or nil if the request has no state of the form of ours. An error
// means that the state is forged.
func (v *visit) callback(t *attempts) (*callback, error) {
	if v.r.Method != http.MethodGet || !strings.Contains(v.query, statePrefix) ||
		len(v.parse().states) == 0 {
		return nil, nil //nolint:nilnil // see the comment above
	}
	states, codes := v.address.states, v.address.codes
	s, ok := t.parse(states[0])
	if !ok || len(states) > 1 {
		return nil, errors.New("the state was not made here")
	}
	back := &callback{state: s}
	if len(codes) > 1 {
		return nil, errors.New("more than one code")
	}
	if len(codes) == 1 {
		back.code = codes[0]
	}
	if back.code != "" && !subject.ValidCode(back.code) {
		return nil, errors.New("the code is malformed")
	}
	back.denied = back.code == "" || strings.EqualFold(back.code, "authdeny")
	return back, nil
}

// tapParam is the mark of a user who has agreed to a login. WeChat's rules demand that a site
// tells its users what it asks for, and why, before WeChat's dialog does. So the answer to a page
// that needs a profile is a page of ours that asks first. Its button leads to the same URL with
// this parameter, and then the login begins. The parameter is removed from redirect_uri and all
// other URLs.
const tapParam = "wx_login"

// wantsLogin reports whether the user has asked for the login.
func (v *visit) wantsLogin() bool { return v.tapped || v.parse().tapped }

// marked reports whether the URL has tapParam, with any value and any spelling.
func (v *visit) marked() bool {
	if v.query == "" {
		return false
	}
	for raw := range strings.SplitSeq(v.query, "&") {
		name, _, _ := strings.Cut(raw, "=")
		if plain, err := url.QueryUnescape(name); err == nil && plain == tapParam {
			return true
		}
	}
	return false
}
