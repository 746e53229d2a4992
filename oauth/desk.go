package oauth

import (
	"cmp"
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

// A Desk is desktop login without a website app. The desktop shows a QR code and a number. A phone
// scans the code with WeChat, its user chooses the same number, and the desktop is signed in as
// this user.
//
// If somebody sends the code to a user and persuades the user to choose the number, that person is
// signed in as the user. So the phone shows which browser and system ask, and Confirm may check
// more.
type Desk struct {
	// MaxAge is how long a session made this way lasts, from its confirmation. Default 24 hours,
	// at most Config.MaxAge.
	MaxAge time.Duration
	// Confirm is called after the user has chosen the right number: r is the phone's request, u
	// the phone's user. An error refuses, with a 403 page on the phone. ctx ends after 8 seconds
	// at most.
	Confirm func(ctx context.Context, r *http.Request, d DeskRequest, u *core.User) error
	// QR returns the content of the QR code for a ticket, if the app calls [Auth.ApproveDesk]
	// itself: for example the url of createQRCode, or an address that opens a mini program. It is
	// called whenever the page is shown. The default is LoginPath with the ticket.
	QR func(ctx context.Context, ticket string) (string, error)
}

// A DeskRequest is a desktop that wants to be signed in.
type DeskRequest struct {
	Ticket  string    // 32 characters of A-Za-z0-9_-
	Browser string    // such as "Chrome", from a short list; empty if unknown
	System  string    // such as "Windows", from a short list; empty if unknown
	Number  int       // what the desktop shows, 10 to 99
	At      time.Time // when the code was made
}

const (
	deskRenewal = 2 * time.Minute // age at which a code that no phone has opened is replaced
	// After this time the page waits for a click before it shows another code.
	deskPatience = 10 * time.Minute
	// If the phone's session was confirmed earlier than this, WeChat is asked again.
	deskFresh = 5 * time.Minute
	deskPoll  = 20 * time.Second // the longest answer to a poll
	maxHeld   = 8                // tickets of a browser: four of each scope
)

// A desk is the part of an Auth that serves a Desk.
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

// DeskRequest returns the request of a ticket, for a confirmation page of the app's own, such as
// one in a mini program. Show Browser, System and At, and let the user choose Number among others.
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
	return DeskRequest{
		Ticket: t.text, Browser: browserNames[t.browser], System: systemNames[t.system],
		Number: t.number, At: t.issued,
	}
}

// ApproveDesk signs in the desktop that shows the ticket as u, after a confirmation page of the
// app's own. Do not call it just because somebody has scanned the code: a code can be sent to
// anybody.
//
// u is a user of a mini program or of the official account. If only the openid of a follower is
// known, leave AppID and Scope empty: the session then has [ScopeBase]. A second approval for the
// same user does nothing.
//
// If sessions are kept on a server, the desktop must fetch its session within 50 seconds. Later it
// would not be known whether [Auth.EndSessions] was called meanwhile.
//
// Errors: [ErrDeskTicket]; u has no valid openid, or has granted less than the desktop's page
// needs; the ticket was refused, or approved for another user; and the errors of the store.
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
	known.AppID = cmp.Or(known.AppID, a.cfg.AppID)
	if known.Scope == "" {
		known.Scope = string(ScopeBase)
		if known.AppID != a.cfg.AppID { // a user of a mini program cannot be asked for more
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

// approval returns the decision to sign in the desktop as u. at is the time of the request that
// approves: if the user's sessions are ended after that, the desktop's is ended, too.
func (a *Auth) approval(
	ctx context.Context, t ticket, u *core.User, at time.Time,
) (*decision, error) {
	known, now := *u, at.Truncate(time.Second)
	// It is as recent as a login on a desktop can be, for pages that require a recent one.
	known.Via, known.LoginAt, known.CheckedAt, known.MemberID = viaDesk, now, now, ""
	rec := &record{user: &known}
	d := &decision{By: decider(t, u), User: rec.encode(), At: at}
	if !a.sessions.endable() {
		return d, nil
	}
	return d, a.desk.ledger.recently(ctx, t, time.Since(at))
}

// decider returns a digest of the user who decides about a ticket.
func decider(t ticket, u *core.User) string {
	sum := sha256.Sum256([]byte(t.text + " " + u.AppID + " " + u.OpenID))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// held is the content of a desktop's cookie.
type held struct {
	since   time.Time // when the page was first shown, or when a click asked for a new code
	tickets []ticket  // the newest first
}

// held returns the tickets of this browser with which it may still sign in.
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

// hold sets the cookie with the tickets. It is sealed, so that only the browser that shows a code
// can be signed in with it.
func (k *desk) hold(w http.ResponseWriter, h held) error {
	plain := binary.BigEndian.AppendUint32(nil, uint32(h.since.Unix())) // good until 2106
	for _, t := range h.tickets[:min(len(h.tickets), maxHeld)] {
		plain = append(plain, t.raw()...)
	}
	value, err := securecookie.EncodeMulti(k.name, plain, k.seal...)
	if err != nil {
		return err
	}
	http.SetCookie(w, newCookie(k.name, value, k.secure, int((ticketLife+ticketRest)/time.Second)))
	return nil
}

// drop clears the cookie of hold.
func (k *desk) drop(w http.ResponseWriter) {
	http.SetCookie(w, newCookie(k.name, "", k.secure, -1))
}

// look returns the state of the ticket that has got furthest. tickets are the newest first.
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
