package oauth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// logInByPhone answers a page load on a desktop: with a session, if a phone has confirmed a code
// of this browser, and otherwise with a page that shows a code.
func (a *Auth) logInByPhone(v *visit, need Scope) {
	held := a.desk.held(v.r)
	live, err := a.desk.standings(v.r.Context(), held.tickets)
	if err != nil {
		a.fail(v, storeFailure("read", err))
		return
	}
	for _, s := range live {
		if s.state == ticketReady && a.redeem(v, s.ticket, s.decision) {
			return
		}
	}
	// Of those that are ready somebody else has got the session.
	live = slices.DeleteFunc(live, func(s standing) bool { return s.state == ticketReady })
	changed := len(live) != len(held.tickets)
	shown, found := a.desk.toShow(live, need)
	if !found {
		// The user has clicked; the page does not load itself any more after this time.
		if v.now.Sub(held.since) >= deskPatience {
			held.since = v.now
			a.observe(v.r.Context(), core.Event{Name: core.EventLoginStarted, Kind: deskEvent})
		}
		shown = standing{ticket: a.desk.tickets.issue(v.r.UserAgent(), need), state: ticketWaiting}
		live, changed = slices.Insert(live, 0, shown), true
	}
	held.tickets = nil
	for _, s := range live {
		held.tickets = append(held.tickets, s.ticket)
	}
	a.showCode(v, held, shown, changed)
}

// A standing is a ticket of a browser, and how far it has come.
type standing struct {
	ticket
	state    ticketState
	decision *decision // of one that is ready
}

// standings returns the tickets of a browser that are not over, the newest first.
func (k *desk) standings(ctx context.Context, tickets []ticket) ([]standing, error) {
	var live []standing
	for _, t := range tickets {
		state, d, err := k.ledger.state(ctx, t, k.tickets)
		if err != nil {
			return nil, err
		}
		if state != ticketRefused && state != ticketExpired {
			live = append(live, standing{t, state, d})
		}
	}
	return live, nil
}

// toShow picks the ticket for a page that needs a scope: one that a phone has opened, or else the
// newest that is not due for renewal.
func (k *desk) toShow(live []standing, need Scope) (best standing, found bool) {
	for _, s := range live {
		switch {
		case s.scope != need:
		case s.state == ticketScanned:
			return s, true
		case !found && k.tickets.age(s.ticket) < deskRenewal:
			best, found = s, true
		}
	}
	return best, found
}

// deskEvent is the Kind of a desk's events.
const deskEvent = "desk"

// showCode answers with the page that shows the code of t, and sets the cookie of what the
// browser holds if that has changed.
func (a *Auth) showCode(v *visit, held held, t standing, changed bool) {
	ctx := v.r.Context()
	view := &deskView{
		Number: t.number,
		Code:   a.ticketURL(t.ticket),
		Wait:   a.prefix + a.loginPath + "?desk=wait",
		State:  t.state,
		Others: len(held.tickets) > 1,
		Renew:  seconds(deskRenewal - a.desk.tickets.age(t.ticket)),
		Until:  seconds(deskPatience - v.now.Sub(held.since)),
	}
	if a.desk.QR != nil {
		code, err := a.desk.QR(ctx, t.text)
		if err != nil {
			a.fail(v, failureOf(err))
			return
		}
		view.Code = code
	}
	if changed {
		if err := a.desk.hold(v.w, held); err != nil {
			a.fail(v, newFailure(KindConfig, err))
			return
		}
	}
	a.look.write(v.w, v.r, http.StatusUnauthorized, deskTemplate, page{
		Name: deskPage, URL: a.cfg.PublicURL + v.page().String(), QR: newQRCode(view.Code),
		Desk: view, script: deskScript,
	})
}

func (a *Auth) ticketURL(t ticket) string {
	return a.cfg.PublicURL + a.loginPath + "?desk=" + t.text
}

// seconds returns d in seconds for a page's script, at least 1.
func seconds(d time.Duration) int { return max(1, int(d/time.Second)) }

// redeem signs in the desktop as decided by d, and reports whether the visit is answered. If two
// requests have the same ticket, one of them gets the session, and redeem returns false for the
// other.
func (a *Auth) redeem(v *visit, t ticket, d *decision) bool {
	began := time.Now()
	ctx, r, cancel := lastingVisit(v)
	defer cancel()
	header := answers.HeaderOnly{}
	mine, err := a.desk.ledger.redeem(ctx, t, func() (final bool, err error) {
		rec, err := decodeRecord(d.User)
		if err != nil {
			return false, err
		}
		if err := a.stands(ctx, t, d); err != nil {
			return errors.Is(err, sessionstore.ErrEnded), err
		}
		if rec, err = a.logins.introduce(r, rec); err != nil {
			return errors.Is(err, ErrRefused), refusalByApp(err).failure()
		}
		err = a.sessions.replace(header, r, rec, d.At, time.Now())
		ended := errors.Is(err, sessionstore.ErrEnded)
		if err != nil && !ended {
			err = storeFailure("write", err)
		}
		return err == nil || ended, err
	})
	switch known, isFailure := errors.AsType[*Failure](err); {
	case err == nil && !mine, errors.Is(err, sessionstore.ErrEnded): // the page shows a new code
		return false
	case isFailure:
		a.fail(v, known)
		return true
	case err != nil:
		a.fail(v, storeFailure("write", err))
		return true
	}
	for _, line := range header["Set-Cookie"] {
		v.w.Header().Add("Set-Cookie", line)
	}
	a.desk.drop(v.w)
	a.observe(ctx, core.Event{
		Name: core.EventLoginFinished, Kind: deskEvent, Duration: time.Since(began),
	})
	// The location has no fragment, so the browser keeps that of the page.
	redirect(v.w, http.StatusFound, a.cfg.PublicURL+v.page().String())
	return true
}

// stands returns ErrEnded for a confirmation that EndSessions may have voided since. Where it is
// too old for that to be known, the session tells that confirmed it and would have ended as well.
func (a *Auth) stands(ctx context.Context, t ticket, d *decision) error {
	if !a.sessions.endable() {
		return nil
	}
	switch recent, err := a.desk.ledger.recent(ctx, t); {
	case err != nil:
		return storeFailure("read", err)
	case recent:
		return nil
	}
	rec, err := a.sessions.openValue(ctx, d.Session, time.Now())
	switch {
	case err != nil:
		return storeFailure("read", err)
	case rec == nil:
		return sessionstore.ErrEnded
	default:
		return nil
	}
}

// lastingVisit returns a request for OnLogin and Confirm that is not cancelled when the browser
// hangs up, and a context that ends a little later, for storing the result.
func lastingVisit(v *visit) (context.Context, *http.Request, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()),
		reserveTime-time.Second)
	work, cancelWork := context.WithTimeout(ctx, workTime)
	return ctx, v.r.WithContext(work), func() { cancelWork(); cancel() }
}

// poll answers the script of a desktop's page with the state of its tickets, as soon as that
// differs from the state that the script has.
func (a *Auth) poll(v *visit) {
	held := a.desk.held(v.r).tickets
	answers.Private(v.w.Header())
	if len(held) == 0 {
		writeState(v.w, ticketExpired, nil)
		return
	}
	seen := cmp.Or(ticketState(v.page().first("seen")), ticketWaiting)
	if rec, err := a.sessions.load(v.r, v.now); err == nil && rec.covers(held[0].scope) &&
		!rec.user.CheckedAt.Before(held[0].issued) {
		// Another tab has signed in, after the page was shown and with a sufficient scope.
		writeState(v.w, ticketReady, nil)
		return
	}
	state, err := a.desk.look(v.r.Context(), held)
	if err == nil && state == seen {
		a.desk.lobby.answer(v, held, seen)
		return
	}
	writeState(v.w, state, err)
}
