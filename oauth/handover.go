package oauth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/clock"
	"github.com/wxoauth/wxoauth/internal/stores"
	"github.com/wxoauth/wxoauth/internal/subject"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// A handover signs in a mini program's user in its web-view. The mini program asks its server for
// [Auth.HandoverURL] and opens that in a web-view:
//
//	GET LoginPath?handover=TICKET&return_to=/me   302 /me, with a session of the same user
//
// The ticket works once, within a minute, for one page, and only in a web-view, so a link that is
// sent to somebody else signs nobody in. If the ticket is not good, the browser just goes on to
// the page.
const (
	handoverParam = "handover"
	handoverLife  = time.Minute
)

// A handoverTicket is the content of a ticket, which is sealed.
type handoverTicket struct {
	ID      []byte    `json:"i"` // random, because a user may have two tickets in a second
	Made    time.Time `json:"m"` // when the mini program's request came
	AppID   string    `json:"a"` // of the mini program
	OpenID  string    `json:"o"`
	UnionID string    `json:"u,omitempty"`
	LoginAt time.Time `json:"l"` // when the user logged in to the mini program
	Page    []byte    `json:"p"` // a digest of return_to
}

// HandoverURL returns an address of this site that a mini program opens in a web-view: it signs in
// the web-view as u, a user of the mini program, and goes on to page, a path of this site. The
// address works once, within one minute from the request of ctx. So ctx must be the context of the
// mini program's request: then EndSessions also ends a handover whose request came before.
//
// The session lasts 24 hours at most. Its user has Via "handover", and it has no access token. A
// user of a mini program cannot be asked for more, so the session is enough for pages that need
// Config.Scope. OnLogin is called with the web-view's request. A browser that is already signed in
// as this user keeps its session.
//
// The error means that u is not a user of a mini program, that page is not on this site, or that
// the request came more than a minute ago. With cookie sessions on several replicas set
// Config.Outcomes: without it an address works once in each process.
func (a *Auth) HandoverURL(ctx context.Context, u *core.User, page string) (string, error) {
	if u == nil || u.AppID == "" || slices.Contains(a.sessions.appIDs, u.AppID) ||
		!subject.ValidID(u.OpenID) {
		return "", errors.New("oauth: only a mini program's user can be handed over")
	}
	to, ok := a.ownPage(page)
	if !ok {
		return "", errors.New(
			"oauth: a handover leads to a path of this site, and not to LoginPath",
		)
	}
	came := stores.Admission(ctx)
	if time.Since(came) > handoverLife {
		return "", errors.New(
			"oauth: the mini program's request came too long ago to hand its user over",
		)
	}
	t := handoverTicket{
		ID: make([]byte, 16), Made: came, Page: pageDigest(to),
		AppID: u.AppID, OpenID: u.OpenID, UnionID: u.UnionID, LoginAt: u.LoginAt,
	}
	_, _ = rand.Read(t.ID)  // never fails
	if t.LoginAt.IsZero() { // the user came through WeChat's cloud hosting, which has no logins
		t.LoginAt = t.Made
	}
	data, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	ticket, err := securecookie.EncodeMulti(handoverParam, data, a.handover...)
	if err != nil {
		return "", err
	}
	query := url.Values{handoverParam: {ticket}, "return_to": {to}}
	return a.cfg.PublicURL + a.loginPath + "?" + query.Encode(), nil
}

func pageDigest(page string) []byte {
	sum := sha256.Sum256([]byte(page))
	return sum[:16]
}

// redeemHandover redirects to return_to, with a session if the ticket is good for this browser.
func (a *Auth) redeemHandover(v *visit, ticket string) {
	to := v.page().first("return_to")
	if t := a.openHandover(v, ticket, to); t != nil {
		if f := a.takeOver(v, t); f != nil {
			a.fail(v, f)
			return
		}
	}
	a.returnTo(v.w, http.StatusFound, to)
}

// openHandover returns nil if the ticket is not good: invented, too old, for another page, or not
// in a web-view of its mini program.
func (a *Auth) openHandover(v *visit, ticket, page string) *handoverTicket {
	var data []byte
	t := &handoverTicket{}
	if securecookie.DecodeMulti(handoverParam, ticket, &data, a.handover...) != nil ||
		json.Unmarshal(data, t) != nil {
		return nil
	}
	to, ok := a.ownPage(page)
	age := v.now.Sub(t.Made)
	if !ok || !bytes.Equal(t.Page, pageDigest(to)) || age > handoverLife || age < -clock.Skew ||
		!webViewOf(v.r, t.AppID) {
		return nil
	}
	return t
}

// webViewAppID matches the part of a User-Agent in which newer versions of WeChat name the mini
// program.
var webViewAppID = regexp.MustCompile(`miniprogram/(wx[0-9a-z]+)`)

// webViewOf reports whether r comes from a web-view of this mini program, according to its
// User-Agent. Older versions of WeChat do not name the mini program.
func webViewOf(r *http.Request, appID string) bool {
	agent := strings.ToLower(r.UserAgent())
	if !inWeChat(r) || !strings.Contains(agent, "miniprogram") {
		return false
	}
	named := webViewAppID.FindStringSubmatch(agent)
	return named == nil || named[1] == strings.ToLower(appID)
}

// takeOver begins the session, unless the ticket was used before or the same user is signed in.
func (a *Auth) takeOver(v *visit, t *handoverTicket) *Failure {
	old, err := a.sessions.load(v.r, v.now)
	if err != nil {
		return storeFailure("read", err)
	}
	if old != nil && old.user.AppID == t.AppID && old.user.OpenID == t.OpenID {
		return nil
	}
	if !a.openings.take(&core.User{AppID: t.AppID, OpenID: t.OpenID}, v.now) {
		return newFailure(KindLimited, errBusy)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), workTime)
	defer cancel()
	a.observe(ctx, core.Event{Name: core.EventLoginStarted, Kind: viaHandover})
	key := "handover " + hex.EncodeToString(t.ID)
	unused, err := a.outcomes.spend(ctx, key, handoverLife+2*clock.Skew)
	if err != nil || !unused {
		return failureOf(err)
	}
	signedIn := false
	defer func() { // deferred, because OnLogin may panic
		if !signedIn {
			a.outcomes.unspend(ctx, key) // the ticket may be used again
		}
	}()
	f := a.startHandedOver(ctx, v, t)
	signedIn = f == nil
	return f
}

func (a *Auth) startHandedOver(ctx context.Context, v *visit, t *handoverTicket) *Failure {
	r, now := v.r.WithContext(ctx), time.Now()
	rec, err := a.logins.introduce(r, &record{user: &core.User{
		AppID: t.AppID, OpenID: t.OpenID, UnionID: t.UnionID, Scope: string(a.cfg.Scope),
		Via: viaHandover, LoginAt: now.Truncate(time.Second),
		CheckedAt: t.LoginAt.Truncate(time.Second),
	}})
	if err != nil {
		return refusalByApp(err).failure()
	}
	switch err := a.sessions.replace(v.w, r, rec, t.Made, now); {
	case errors.Is(err, sessionstore.ErrEnded):
		// The user's sessions were ended meanwhile: the browser goes on without one.
		return nil
	case err != nil:
		return storeFailure("write", err)
	}
	a.observe(ctx, core.Event{
		Name: core.EventLoginFinished, Kind: viaHandover, Duration: time.Since(v.now),
	})
	return nil
}
