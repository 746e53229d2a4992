package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A visit is one request to a guarded page, and what was read of it: the clock once, and the URL
// at most once. Most requests of signed-in users need no more than a glance at their URL.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	now     time.Time // when the request came
	uri     string    // path and query as the browser wrote them
	path    string    // the path of uri
	query   string    // the query of uri; "": none
	address *address  // uri in its parts; nil: not parsed yet
	tapped  bool      // the user has asked for the login: WeChat's dialog may come at once
}

func newVisit(w http.ResponseWriter, r *http.Request) visit {
	v := visit{w: w, r: r, now: time.Now(), uri: requestURI(r)}
	v.path, v.query, _ = strings.Cut(v.uri, "?")
	return v
}

// An address is a request's URL, parsed.
type address struct {
	page   target   // without what WeChat or our asking page added
	tapped bool     // our asking page led here
	states []string // of our form
	codes  []string // that came with them
}

func (v *visit) parse() *address {
	if v.address == nil {
		v.address = parseAddress(v.uri)
	}
	return v.address
}

// page returns the page that the request asks for, without what WeChat added to its URL.
func (v *visit) page() target { return v.parse().page }

// parseAddress takes state and code out of a URL that WeChat sent the browser back to. A state of
// another form is the app's own, and so is a code without a state of ours.
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

// A callback is a request that WeChat sent back with a state of ours.
type callback struct {
	state  state
	code   string
	denied bool // no code: the user refused
}

const maxCode = 512 // bytes

// callback returns nil if the request carries no state of our form. An error means that somebody
// made it up.
func (v *visit) callback(t *attempts) (*callback, error) {
	if v.r.Method != http.MethodGet || !strings.Contains(v.query, statePrefix) ||
		len(v.parse().states) == 0 {
		return nil, nil //nolint:nilnil // said in the comment above
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
	if len(back.code) > maxCode || strings.ContainsFunc(back.code, func(c rune) bool {
		return c <= ' ' || c > '~'
	}) {
		return nil, errors.New("the code is malformed")
	}
	back.denied = back.code == "" || strings.EqualFold(back.code, "authdeny")
	return back, nil
}

// WeChat's rules want users to be told what a site asks for, and why, before WeChat's dialog asks
// them. A page that needs a profile is therefore answered with a page of ours first. Its button
// leads to the same URL with a mark that says so: the user has tapped, and the login begins. The
// mark goes no further: it is neither in redirect_uri nor in any other URL that we make.
const tapParam = "wx_login"

// marked reports whether the URL carries the mark, with whatever value and however it is spelt.
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
