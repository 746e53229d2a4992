package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/cookie"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// A Desk is desktop login without a website app: the desktop shows a QR code and a number, a phone
// opens the code in WeChat and chooses the number, and the desktop is signed in as the phone's user.
//
// A stranger who sends the code to a user, and talks the user into choosing the number, is signed in
// as that user: so the phone says which browser on which system asks, and Confirm may ask for more.
type Desk struct {
	// MaxAge is the life of a session that was made this way, from its confirmation. Default 24
	// hours, at most Config.MaxAge.
	MaxAge time.Duration
	// Confirm is asked after the user has chosen the right number: r is the phone's request, u the
	// phone's user. An error refuses, with a 403 page on the phone. ctx lives 8 seconds at most.
	Confirm func(ctx context.Context, r *http.Request, d DeskRequest, u *core.User) error
	// QR returns what the code of a ticket holds, for codes that end in [Auth.ApproveDesk]: the url
	// of createQRCode, or an address that opens a mini program. It is called whenever the page is
	// shown. Default: LoginPath with the ticket.
	QR func(ctx context.Context, ticket string) (string, error)
}

// A DeskRequest is a desktop that wants to be signed in.
type DeskRequest struct {
	Ticket  string    // 32 characters of A-Za-z0-9_-
	Browser string    // such as "Chrome", of a short list; empty: another one
	System  string    // such as "Windows", of a short list; empty: another one
	Number  int       // what the desktop shows, 10 to 99
	At      time.Time // when the code was made
}

const (
	deskRenewal  = 2 * time.Minute  // a code that no phone has opened is replaced
	deskPatience = 10 * time.Minute // and then the page waits for a click
	deskFresh    = 5 * time.Minute  // a phone's session that is older is checked first
	deskPoll     = 20 * time.Second // the longest answer to a poll
	maxHeld      = 8                // tickets of one browser: four of each scope
)

// desk is what an Auth with a Desk has.
type desk struct {
	Desk

	tickets *tickets
	ledger  ledger
	lobby   lobby
	name    string // of the cookie
	secure  bool   // the cookie carries Secure
	seal    []securecookie.Codec
}

func newDesk(cfg Config, store sessionstore.Outcomes) (*desk, error) {
	k := &desk{Desk: *cfg.Desk}
	k.name, k.secure = cfg.cookieName("wxd")
	var faults [3]error
	k.tickets, faults[0] = newTickets(cfg)
	k.seal, faults[1] = cfg.codecs("desk")
	k.ledger.store = store
	k.ledger.seal, faults[2] = cfg.codecs("decision")
	k.lobby.look = k.look
	return k, errors.Join(faults[:]...)
}

// DeskRequest returns what a ticket asks for, for a confirmation page of the app's own, such as one
// in a mini program. Show Browser, System and At, and have the user choose Number among others.
// The error is [ErrDeskTicket].
func (a *Auth) DeskRequest(ticket string) (DeskRequest, error) {
	if a.desk == nil {
		return DeskRequest{}, ErrDeskTicket
	}
	t, ok := a.desk.tickets.parse(ticket)
	if !ok {
		return DeskRequest{}, ErrDeskTicket
	}
	return t.request(), nil
}

func (t ticket) request() DeskRequest {
	return DeskRequest{Ticket: t.text, Browser: browserNames[t.browser], System: systemNames[t.system], Number: t.number, At: t.issued}
}

// ApproveDesk signs the desktop that shows the ticket in as u, after a confirmation of the app's own.
// That somebody has scanned the code is none: a code can be sent to anybody, so ask first.
//
// u is the user of a mini program, or of the official account: a follower known by no more than an
// openid has an empty AppID and Scope, and is worth [ScopeBase]. Approving twice for the same user
// does nothing.
//
// Where sessions are kept on a server, the desktop has 50 seconds to come for its session: after that
// nobody could tell whether [Auth.EndSessions] was called since.
//
// Errors: [ErrDeskTicket]; a user without a valid openid, or who has granted less than the desktop's
// page needs; a ticket that was refused, or approved for somebody else; the store's own.
func (a *Auth) ApproveDesk(ctx context.Context, ticket string, u *core.User) error {
	if a.desk == nil {
		return ErrDeskTicket
	}
	t, ok := a.desk.tickets.parse(ticket)
	if !ok {
		return ErrDeskTicket
	}
	if u == nil || !subject.ValidID(u.OpenID) || u.Snapshot {
		return errors.New("oauth: nobody to sign in")
	}
	known := *u
	if known.AppID == "" {
		known.AppID = a.cfg.AppID
	}
	if known.Scope == "" {
		known.Scope = string(ScopeBase)
		if known.AppID != a.cfg.AppID { // there is no more to ask a mini program's user for
			known.Scope = string(a.cfg.Scope)
		}
	}
	if !Scope(known.Scope).covers(t.scope) {
		return fmt.Errorf("oauth: the desktop's page needs %s", t.scope)
	}
	began := time.Now()
	d, err := a.desk.ledger.decide(ctx, t, func() (*decision, error) {
		return a.approval(ctx, t, &known, began)
	})
	if err != nil {
		return err
	}
	if !d.approved() || d.By != decider(t, &known) {
		return errDecided
	}
	return nil
}

// approval is the decision that the desktop becomes u, whose request came at that time: what was
// ended since is ended for the desktop, too.
func (a *Auth) approval(ctx context.Context, t ticket, u *core.User, at time.Time) (*decision, error) {
	known, now := *u, at.Truncate(time.Second)
	// It is a login: where a page wants a fresh one, this is as fresh as a desktop can have it.
	known.Via, known.LoginAt, known.CheckedAt, known.MemberID = viaDesk, now, now, ""
	rec := &record{user: &known}
	d := &decision{By: decider(t, u), User: rec.encode(), At: at}
	if !a.sessions.endable() {
		return d, nil
	}
	return d, a.desk.ledger.recently(ctx, t, time.Since(at))
}

// decider is a digest of who decides about a ticket.
func decider(t ticket, u *core.User) string {
	sum := sha256.Sum256([]byte(t.text + " " + u.AppID + " " + u.OpenID))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// held is what a desktop's cookie holds.
type held struct {
	since   time.Time // when the page was first shown, or a click asked for a new code
	tickets []ticket  // the newest first
}

// held returns the tickets of the request's browser that its desktop may still sign in with.
func (k *desk) held(r *http.Request) held {
	var plain []byte
	for value := range cookie.Candidates(r, k.name) {
		if securecookie.DecodeMulti(k.name, value, &plain, k.seal...) == nil {
			break
		}
	}
	if len(plain) < 4 {
		return held{}
	}
	h := held{since: time.Unix(int64(binary.BigEndian.Uint32(plain)), 0)}
	for raw := range slices.Chunk(plain[4:], ticketSize) {
		if len(raw) == ticketSize && len(h.tickets) < maxHeld {
			if t, ok := k.tickets.open(raw); ok {
				h.tickets = append(h.tickets, t)
			}
		}
	}
	return h
}

// hold ties tickets to the browser. They are sealed: only who was shown a code may wait for it.
func (k *desk) hold(w http.ResponseWriter, h held) error {
	plain := binary.BigEndian.AppendUint32(nil, uint32(h.since.Unix())) // good until 2106
	for _, t := range h.tickets[:min(len(h.tickets), maxHeld)] {
		plain = append(plain, t.raw()...)
	}
	value, err := securecookie.EncodeMulti(k.name, plain, k.seal...)
	if err != nil {
		return err
	}
	http.SetCookie(w, k.cookie(value, int((ticketLife+ticketRest)/time.Second)))
	return nil
}

// drop clears what hold has set.
func (k *desk) drop(w http.ResponseWriter) { http.SetCookie(w, k.cookie("", -1)) }

func (k *desk) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure follows PublicURL
		Name: k.name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: k.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// look returns the state that counts most of a browser's tickets, the newest first.
func (k *desk) look(ctx context.Context, all []ticket) (ticketState, error) {
	best := ticketExpired
	for i, t := range all {
		state, _, err := k.ledger.state(ctx, t, k.tickets)
		switch {
		case err != nil:
			return "", err
		case state == ticketReady:
			return state, nil
		case state == ticketScanned, state == ticketRefused && best != ticketScanned, i == 0:
			best = state
		}
	}
	return best, nil
}
