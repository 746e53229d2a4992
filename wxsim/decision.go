package wxsim

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// A Decision is what a user decides about a login.
type Decision string

// The buttons of the consent page.
const (
	Ask           Decision = "ask" // show the page
	Allow         Decision = "allow"
	Refuse        Decision = "refuse"
	AllowBase     Decision = "base"     // only snsapi_base, where more was asked
	AllowSnapshot Decision = "snapshot" // as a snapshot page, so the app sees a virtual user
)

func decisions() []Decision { return []Decision{Ask, Allow, Refuse, AllowBase, AllowSnapshot} }

// A decision is what a user has decided about one login.
type decision struct {
	ask      *login
	refused  bool
	user     string // openid
	scope    string // may be smaller than what was asked
	snapshot bool
	mode     CallbackMode
}

// decided returns the decision d of a user about this login. An unknown Decision is a refusal.
func (l *login) decided(d Decision, user string) decision {
	made := decision{
		ask: l, user: user, scope: l.scope, snapshot: l.forceSnap || d == AllowSnapshot,
	}
	switch d {
	case Allow, AllowSnapshot:
	case AllowBase:
		made.scope = scopeBase
	default:
		made.refused = true
	}
	return made
}

// A CallbackMode is how often the browser calls the app back after a login. As text it is once,
// same or other.
type CallbackMode int

// WeChat's Android app sometimes calls back twice.
const (
	CallbackOnce      CallbackMode = iota
	CallbackSameCode               // twice with one code: the second exchange is answered 40163
	CallbackOtherCode              // twice with one state and two codes
)

// MarshalText returns the mode as a word.
func (m CallbackMode) MarshalText() ([]byte, error) { return word(m, callbackModes()) }

// UnmarshalText reads the word.
func (m *CallbackMode) UnmarshalText(text []byte) (err error) {
	*m, err = fromWord[CallbackMode](text, callbackModes())
	return err
}

func callbackModes() []string { return []string{"once", "same", "other"} }

// DoubleCallback makes the logins from now on call the app back twice: instead of a redirect the
// browser gets a page that opens one address in a hidden frame and then goes to the other one.
func (s *Server) DoubleCallback(mode CallbackMode) {
	s.change(func(w *world) { w.callbacks = mode })
}

// Answer decides about all logins from now on without showing a page. The user is given by any
// openid; an empty one means the current user. With Ask the pages are shown again.
func (s *Server) Answer(d Decision, openID string) error {
	if !slices.Contains(decisions(), d) {
		return fmt.Errorf("wxsim: %q is no decision", d)
	}
	return hold(&s.holder, func(w *world) error {
		if openID != "" && w.people[openID].person == nil {
			return errors.New("wxsim: no such user")
		}
		w.cfg.AutoAllow = d == Allow
		w.answer, w.answerer = d, openID
		return nil
	})
}

// standing returns the decision that is made without asking, by [Server.Answer] or the switch
// "auto".
func (w *world) standing() Decision {
	switch {
	case w.cfg.AutoAllow:
		return Allow
	case w.answer == "" || w.answer == Allow: // the switch was turned off since
		return Ask
	}
	return w.answer
}

// Consent answers a login without a browser: it opens an address of the authorize page or the QR
// page, decides, and returns where the browser would be sent. If mode or [Server.DoubleCallback]
// asks for two callbacks, it also returns the second address. The error means that WeChat would
// show an error page.
func (s *Server) Consent(
	address string, d Decision, openID string, mode CallbackMode,
) (first, second string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("wxsim: not an address")
	}
	kind := OfficialAccount
	if u.Path == "/connect/qrconnect" {
		kind = WebsiteApp
	}
	s.change(func(w *world) {
		ask, fault := w.parseLogin(u.RawQuery, kind)
		switch {
		case fault != nil:
			err = fmt.Errorf("wxsim: error page %d: %s", fault.code, fault.english)
		case w.people[openID].person == nil:
			err = errors.New("wxsim: no such user")
		default:
			made := ask.decided(d, openID)
			made.mode = mode
			first, second = callbackURLs(w, made, w.url)
		}
	})
	return first, second, err
}
