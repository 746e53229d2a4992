package oauth

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// A ledger is what all replicas know of the tickets that a phone has opened. Each has a mark that it
// was opened, what was decided, and who has signed in with it, none of which outlives the ticket by
// more than a minute. Of other tickets it knows nothing.
type ledger struct {
	store sessionstore.Outcomes
	seal  []securecookie.Codec // a decision says who somebody is
}

// A ticketState is how far a ticket has come. The strings are those of the desktop's poll.
type ticketState string

const (
	ticketWaiting ticketState = "waiting" // for a phone
	ticketScanned ticketState = "scanned" // a phone has it, or a desktop is signing in with it just now
	ticketReady   ticketState = "ready"   // the phone has confirmed: the desktop may sign in
	ticketRefused ticketState = "refused" // on the phone, or a wrong number
	ticketExpired ticketState = "expired" // too old, or used
)

// A decision is what was said on a phone.
type decision struct {
	By   string    `json:"by"`             // a digest of who said it
	User []byte    `json:"user,omitempty"` // the record of whom the desktop becomes; nil: refused
	Kind Kind      `json:"kind,omitempty"` // why Confirm refused
	At   time.Time `json:"at"`             // when

	// Session is the value of the phone's session cookie where that ends with EndSessions; else empty.
	Session string `json:"session,omitempty"`
}

func (d *decision) approved() bool { return d.User != nil }

// The keys of a ticket.
func scanKey(t ticket) string     { return "desk scan " + t.text }
func decisionKey(t ticket) string { return "desk decision " + t.text }
func recentKey(t ticket) string   { return "desk recent " + t.text }
func redeemKey(t ticket) string   { return "desk redeem " + t.text }

// spent is the outcome of a ticket that has signed somebody in, or was approved a moment ago.
var spent = []byte{1} //nolint:gochecknoglobals // never changed

// state returns how far t has come; the decision of a ticket that is ready comes with it. A ticket
// that is waiting costs one read.
func (l *ledger) state(ctx context.Context, t ticket, tickets *tickets) (ticketState, *decision, error) {
	_, scanned, err := l.store.Outcome(ctx, scanKey(t))
	if err != nil {
		return "", nil, err
	}
	late := tickets.age(t) > ticketLife
	if !scanned {
		if late {
			return ticketExpired, nil, nil
		}
		return ticketWaiting, nil, nil
	}
	d, err := l.decision(ctx, t)
	switch {
	case err != nil:
		return "", nil, err
	case d == nil && late:
		return ticketExpired, nil, nil
	case d == nil:
		return ticketScanned, nil, nil
	case !d.approved():
		return ticketRefused, nil, nil
	}
	used, taken, err := l.store.Outcome(ctx, redeemKey(t))
	switch {
	case err != nil:
		return "", nil, err
	case used != nil:
		return ticketExpired, nil, nil
	case taken:
		return ticketScanned, nil, nil
	}
	return ticketReady, d, nil
}

// scan notes that a phone has opened t.
func (l *ledger) scan(ctx context.Context, t ticket) error {
	_, err := l.store.Reserve(ctx, scanKey(t), ticketLife+ticketRest)
	return err
}

// decision returns what was decided about t; nil: nothing yet.
func (l *ledger) decision(ctx context.Context, t ticket) (*decision, error) {
	key := decisionKey(t)
	sealed, _, err := l.store.Outcome(ctx, key)
	if err != nil || sealed == nil {
		return nil, err
	}
	var plain []byte
	d := &decision{}
	if err := securecookie.DecodeMulti(key, string(sealed), &plain, l.seal...); err != nil {
		return nil, err
	}
	return d, json.Unmarshal(plain, d)
}

// decide asks say for a decision about t unless there is one, and returns what was decided. The
// first to come decides, and the others wait for that; if say fails, nothing is decided. ctx must be
// over before a reservation is: whoever is late changes nothing.
func (l *ledger) decide(ctx context.Context, t ticket, say func() (*decision, error)) (*decision, error) {
	if err := l.scan(ctx, t); err != nil { // an approval of the app's own may come without one
		return nil, err
	}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		mine, err := l.store.Reserve(ctx, decisionKey(t), reserveTime)
		if err != nil {
			return nil, err
		}
		if mine {
			return l.decideFirst(ctx, t, say)
		}
		if d, err := l.decision(ctx, t); d != nil || err != nil {
			return d, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, errDecided
		}
	}
}

func (l *ledger) decideFirst(ctx context.Context, t ticket, say func() (*decision, error)) (*decision, error) {
	key := decisionKey(t)
	keep := false
	defer func() { // also when Confirm panics
		if !keep {
			l.release(ctx, key)
		}
	}()
	d, err := say()
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	sealed, err := securecookie.EncodeMulti(key, plain, l.seal...)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := l.store.SetOutcome(ctx, key, []byte(sealed), ticketLife+ticketRest); err != nil {
		return nil, err
	}
	keep = true
	return d, nil
}

// deskStands is how long after it a confirmation is taken without another look. EndSessions reaches
// the logins of a minute.
const deskStands = 50 * time.Second

// recently notes that t was approved that long ago. Later only the store's clock is asked: those of
// replicas differ.
func (l *ledger) recently(ctx context.Context, t ticket, age time.Duration) error {
	return l.store.SetOutcome(ctx, recentKey(t), spent, max(deskStands-age, time.Millisecond))
}

// recent reports whether t was approved within deskStands.
func (l *ledger) recent(ctx context.Context, t ticket) (bool, error) {
	_, held, err := l.store.Outcome(ctx, recentKey(t))
	return held, err
}

// redeem lets one desktop sign in with t, and returns false to the others. If signIn fails the
// ticket is as good as before, unless the failure is final. ctx must be over before a reservation
// is: whoever is late signs nobody in.
func (l *ledger) redeem(ctx context.Context, t ticket, signIn func() (final bool, err error)) (bool, error) {
	key := redeemKey(t)
	mine, err := l.store.Reserve(ctx, key, reserveTime)
	if err != nil || !mine {
		return false, err
	}
	keep := false
	defer func() { // also when OnLogin panics
		if !keep {
			l.release(ctx, key)
		}
	}()
	final, signInErr := signIn()
	if signInErr != nil && !final {
		return true, signInErr
	}
	if err := ctx.Err(); err != nil {
		return true, err
	}
	// Nobody gets a session whose ticket may be used again: if this fails, so does the login.
	if err := l.store.SetOutcome(ctx, key, spent, ticketLife+ticketRest); err != nil {
		return true, err
	}
	keep = true
	return true, signInErr
}

// release takes a reservation back, unless ctx is over: then it may be somebody else's by now, and
// has ended or ends by itself.
func (l *ledger) release(ctx context.Context, key string) {
	if ctx.Err() == nil {
		_ = l.store.SetOutcome(ctx, key, nil, 0) // else it ends by itself
	}
}
