package oauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// answerDesk answers LoginPath?desk=…, and reports whether the request was for that.
func (a *Auth) answerDesk(v *visit, asked string) bool {
	switch {
	case asked == "":
		return false
	case asked == "wait" && v.r.Method == http.MethodGet:
		a.poll(v)
	default:
		a.answerTicket(v, asked)
	}
	return true
}

// answerTicket answers LoginPath?desk=TICKET on a phone. A bad ticket is answered before WeChat or
// the store is asked.
func (a *Auth) answerTicket(v *visit, text string) {
	t, ok := a.desk.tickets.parse(text)
	switch {
	case !ok:
		a.fail(v, newFailure(KindState, ErrDeskTicket))
	case v.r.Method == http.MethodPost:
		a.decideOnPhone(v, t)
	case !navigation(v.r) || framed(v.r):
		a.loginRequired(v, demand{scope: t.scope})
	case !a.cfg.AnyBrowser && !inWeChat(v.r):
		a.look.openInWeChat(v.w, v.r, a.ticketURL(t))
	default:
		a.showConfirmation(v, t)
	}
}

// showConfirmation shows the page with the numbers, once the phone's user is signed in.
func (a *Auth) showConfirmation(v *visit, t ticket) {
	v.tapped = true // the user has asked for the login by scanning the code
	r, ok := a.admit(v, demand{scope: t.scope, maxAge: deskFresh})
	if !ok {
		return
	}
	ctx := r.Context()
	u, _ := core.UserFrom(ctx)
	switch {
	case u.Snapshot:
		a.fail(v, newFailure(KindSnapshot, errors.New("a virtual user of a snapshot page")))
		return
	case u.Via != "":
		// This session was itself made by a phone or a mini program, and must not sign in others.
		a.logIn(v, login{scope: t.scope})
		return
	case !a.openings.take(u, v.now):
		a.fail(v, newFailure(KindLimited, errBusy))
		return
	}
	d, err := a.desk.ledger.decision(ctx, t)
	if err == nil && d == nil {
		err = a.desk.ledger.scan(ctx, t)
	}
	switch {
	case err != nil:
		a.fail(v, storeFailure("write", err))
	case d != nil:
		a.showDecision(v, t, u, d)
	default:
		a.look.write(v.w, v.r, http.StatusOK, confirmTemplate, page{
			Name: deskConfirmPage,
			Desk: &deskView{
				Browser: browserNames[t.browser], System: systemNames[t.system],
				Choices: t.choices[:], Minutes: int(a.desk.tickets.age(t) / time.Minute),
				By: decider(t, u), Nickname: u.Nickname,
			},
		})
	}
}

// decideOnPhone answers the form of the confirmation.
func (a *Auth) decideOnPhone(v *visit, t ticket) {
	if err := a.csrf.Check(v.r); err != nil {
		answers.JSON(v.w, http.StatusForbidden, map[string]string{"error": "cross_origin"})
		return
	}
	rec, err := a.sessions.load(v.r, v.now)
	switch {
	case err != nil:
		a.fail(v, storeFailure("read", err))
		return
	case !rec.covers(t.scope), rec.user.Via != "", rec.user.Snapshot,
		v.now.Sub(rec.user.CheckedAt) > deskFresh+ticketLife:
		a.unanswered(v, t)
		return
	case !a.openings.take(rec.user, v.now):
		a.fail(v, newFailure(KindLimited, errBusy))
		return
	}
	form, err := readForm(v.r)
	if err != nil {
		a.fail(v, newFailure(KindState, err))
		return
	}
	// The form was shown to another user.
	if by := form.Get("as"); by != "" && by != decider(t, rec.user) {
		a.fail(v, newFailure(KindState, errDecided))
		return
	}
	ctx, r, cancel := lastingVisit(v)
	defer cancel()
	var refusal *Failure
	d, err := a.desk.ledger.decide(ctx, t, func() (*decision, error) {
		if !agreed(form, t) {
			a.observe(ctx, core.Event{Name: core.EventLoginRefused, Kind: deskEvent})
			return &decision{By: decider(t, rec.user)}, nil
		}
		if refusal = a.confirm(r, t, rec.user); refusal != nil {
			//nolint:nilerr // the phone is told below
			return &decision{By: decider(t, rec.user), Kind: refusal.Kind}, nil
		}
		approval, err := a.approval(ctx, t, rec.user, v.now)
		if err == nil && a.sessions.endable() {
			approval.Session, err = a.sessions.valueOf(r, v.now)
		}
		return approval, err
	})
	switch {
	case errors.Is(err, errDecided):
		a.fail(v, newFailure(KindState, err))
	case err != nil:
		a.fail(v, storeFailure("write", err))
	case refusal != nil:
		a.fail(v, refusal)
	default:
		a.showDecision(v, t, rec.user, d)
	}
}

// unanswered answers a form of a visitor who is not signed in, or may not sign in a desktop. The
// form is ignored and the ticket stays good.
func (a *Auth) unanswered(v *visit, t ticket) {
	if wantsPage(v.r) {
		a.showLogin(v, page{Name: unsentPage, URL: a.ticketURL(t)})
		return
	}
	a.loginRequired(v, demand{scope: t.scope})
}

// confirm calls Config.Desk.Confirm.
func (a *Auth) confirm(r *http.Request, t ticket, u *core.User) *Failure {
	if a.desk.Confirm == nil {
		return nil
	}
	seen := *u
	err := a.desk.Confirm(r.Context(), r, t.request(), &seen)
	if err == nil {
		return nil
	}
	f := refusalByApp(err).failure()
	f.Status = http.StatusForbidden
	return f
}

// showDecision shows the phone's user the decision about the ticket.
func (a *Auth) showDecision(v *visit, t ticket, u *core.User, d *decision) {
	if d.By != decider(t, u) {
		a.fail(v, newFailure(KindState, errDecided))
		return
	}
	if d.Kind != "" { // shown again; the cause was logged the first time
		a.fail(v, &Failure{Status: http.StatusForbidden, Kind: d.Kind})
		return
	}
	p := page{Name: deskRefusedPage}
	if d.approved() {
		p.Name = deskDonePage
	}
	a.look.message(v.w, v.r, http.StatusOK, p)
}

const maxForm = 4 << 10 // bytes

// readForm returns the form in the body. If the body is not a form or is too long, it is empty. An
// error means that the body did not arrive completely. A middleware against CSRF, or one that logs
// forms, may have read the body already: then its form is what net/http has kept.
func readForm(r *http.Request) (url.Values, error) {
	if len(r.PostForm) > 0 {
		return r.PostForm, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(body) > maxForm {
		return url.Values{}, nil //nolint:nilerr // see above
	}
	return form, nil
}

// agreed reports whether the form chooses t's number and no other one, and does not refuse.
func agreed(form url.Values, t ticket) bool {
	numbers := form["number"]
	return len(numbers) == 1 && numbers[0] == strconv.Itoa(t.number) && !form.Has("refuse")
}
