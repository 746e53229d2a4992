package oauth

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// A ledger is what all replicas know about the tickets that a phone has opened: that it was
// opened, the decision, and whether a desktop has signed in with it. All that is kept for at most
// a minute longer than the ticket is good. Nothing is stored about other tickets.
type ledger struct {
	store sessionstore.Outcomes
	seal  []securecookie.Codec // seals decisions, because they contain a user
}

// A ticketState is how far a ticket has got. The desktop's poll is answered with these strings.
type ticketState string

const (
	ticketWaiting ticketState = "waiting" // for a phone
	// A phone has opened it, or a desktop is just signing in with it.
	ticketScanned ticketState = "scanned"
	ticketReady   ticketState = "ready"   // the phone has confirmed it: the desktop may sign in
	ticketRefused ticketState = "refused" // the user refused or chose a wrong number
	ticketExpired ticketState = "expired" // too old, or used
)

// A decision is what a phone's user has decided about a ticket.
type decision struct {
	By   string    `json:"by"`             // a digest of the user who decided
	User []byte    `json:"user,omitempty"` // record of the user to sign in; nil if refused
	Kind Kind      `json:"kind,omitempty"` // the reason if Confirm refused
	At   time.Time `json:"at"`             // when

	// Session is the value of the phone's session cookie, if EndSessions can end that session, and
	// otherwise empty.
	Session string `json:"session,omitempty"`
}

func (d *decision) approved() bool { return d.User != nil }

// The keys of a ticket in the store.
func scanKey(t ticket) string     { return "desk scan " + t.text }
func decisionKey(t ticket) string { return "desk decision " + t.text }
func recentKey(t ticket) string   { return "desk recent " + t.text }
func redeemKey(t ticket) string   { return "desk redeem " + t.text }

// spent is the outcome of a ticket that has signed somebody in, or was approved a moment ago.
var spent = []byte{1} //nolint:gochecknoglobals // never changed

// state returns how far t has got, and the decision if it is ready. For a ticket that is waiting
// it reads the store once.
func (l *ledger) state(
	ctx context.Context, t ticket, tickets *tickets,
) (ticketState, *decision, error) {
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

// decision returns the decision about t, or nil if there is none.
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

// decide returns the decision about t. If there is none, it calls say for one; of several callers
// one does so, and the others wait. If say fails, nothing is decided. ctx must end before the
// reservation does, so that a caller who is late cannot change the decision of the next one.
func (l *ledger) decide(
	ctx context.Context, t ticket, say func() (*decision, error),
) (*decision, error) {
	// ApproveDesk may be called for a ticket that no phone has opened.
	if err := l.scan(ctx, t); err != nil {
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

func (l *ledger) decideFirst(
	ctx context.Context, t ticket, say func() (*decision, error),
) (*decision, error) {
	key := decisionKey(t)
	keep := false
	defer func() { // deferred, because Confirm may panic
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

// redeem calls signIn for one desktop with t, and returns false to the others. If signIn fails,
// the ticket may be used again, unless the failure is final. ctx must end before the reservation
// does, so that a caller who is late signs nobody in.
func (l *ledger) redeem(
	ctx context.Context, t ticket, signIn func() (final bool, err error),
) (bool, error) {
	key := redeemKey(t)
	mine, err := l.store.Reserve(ctx, key, reserveTime)
	if err != nil || !mine {
		return false, err
	}
	keep := false
	defer func() { // deferred, because OnLogin may panic
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
	// If this fails, the ticket could be used again, so the login fails, too.
	if err := l.store.SetOutcome(ctx, key, spent, ticketLife+ticketRest); err != nil {
		return true, err
	}
	keep = true
	return true, signInErr
}

// release ends a reservation. If ctx has ended, it does nothing: the reservation ends soon by
// itself, and may already be that of another caller.
func (l *ledger) release(ctx context.Context, key string) {
	if ctx.Err() == nil {
		_ = l.store.SetOutcome(ctx, key, nil, 0) // if this fails, the reservation ends by itself
	}
}
