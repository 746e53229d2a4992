package storetest

import (
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// RunEnder tests the [sessionstore.Ender] of a store. Each call of newStore must return an empty
// one.
func RunEnder(t *testing.T, newStore func(t *testing.T) sessions.Store) {
	t.Helper()
	s := enderSuite{newStore}
	t.Run("all sessions of a subject end, and nobody else's", s.all)
	t.Run("what begins afterwards is good, until the next end", s.again)
	t.Run("a login under way does not outlive it", s.login)
	t.Run("a session that was ended is no longer looked for", s.ended)
	t.Run("of many logins at once none outlives it", s.many)
}

type enderSuite struct {
	newStore func(t *testing.T) sessions.Store
}

func (s enderSuite) open(t *testing.T) endingStore {
	t.Helper()
	store := s.newStore(t)
	ender, ok := store.(endingStore)
	if !ok {
		t.Fatalf("%T is no Ender", store)
	}
	return ender
}

type endingStore interface {
	sessions.Store
	sessionstore.Ender
}

// signIn saves a new session as an engine does at the end of a login.
func signIn(
	t *testing.T, store sessions.Store, subject string, began time.Time,
) (cookies string, err error) {
	t.Helper()
	session, err := load(t, store, "")
	if err != nil {
		t.Fatal(err)
	}
	fill(session, subject)
	r := visit(t, "")
	w := httptest.NewRecorder()
	err = store.Save(r.WithContext(sessionstore.WithLogin(r.Context(),
		sessionstore.Login{Subject: subject, Began: began})), w, session)
	set := w.Result().Cookies()
	if (err != nil) != (len(set) == 0) {
		t.Fatalf("Save = %v, and sets %v", err, set)
	}
	if err != nil {
		return "", err
	}
	return pair(set[0]), nil
}

// mustSignIn calls signIn for a login that begins now, and fails the test if that is refused.
func mustSignIn(t *testing.T, store sessions.Store, subject string) (cookies string) {
	t.Helper()
	var err error
	for range 20 {
		if cookies, err = signIn(t, store, subject,
			time.Now()); !errors.Is(err, sessionstore.ErrEnded) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return cookies
}

func endAll(t *testing.T, store sessionstore.Ender, subject string) {
	t.Helper()
	if err := store.EndAll(t.Context(), subject); err != nil {
		t.Fatalf("EndAll: %v", err)
	}
}

func (s enderSuite) all(t *testing.T) {
	store := s.open(t)
	endAll(t, store, "li")
	phone, desktop, han := mustSignIn(t, store,
		"li"), mustSignIn(t, store, "li"), mustSignIn(t, store, "han")
	_, nobodys := begin(t, store, "of nobody known")
	wantSession(t, store, phone, "li")
	endAll(t, store, "li")
	wantNobody(t, store, phone)
	wantNobody(t, store, desktop)
	wantSession(t, store, han, "han")
	wantSession(t, store, pair(nobodys), "of nobody known")
	endAll(t, store, "")
	wantSession(t, store, han, "han")
	wantSession(t, store, pair(nobodys), "of nobody known")
}

func (s enderSuite) again(t *testing.T) {
	store := s.open(t)
	for range 3 {
		cookies := mustSignIn(t, store, "li")
		wantSession(t, store, cookies, "li")
		endAll(t, store, "li")
		wantNobody(t, store, cookies)
	}
}

func (s enderSuite) login(t *testing.T) {
	store := s.open(t)
	began := time.Now()
	endAll(t, store, "li")
	if _, err := signIn(t, store, "li", began); !errors.Is(err, sessionstore.ErrEnded) {
		t.Errorf("Save of a login from before the end = %v, want ErrEnded", err)
	}
	if _, err := signIn(t, store, "han", began); err != nil {
		t.Errorf("Save of somebody else's login = %v", err)
	}
	wantSession(t, store, mustSignIn(t, store, "li"), "li")
}

func (s enderSuite) ended(t *testing.T) {
	store := s.open(t)
	cookies := mustSignIn(t, store, "li")
	session, err := load(t, store, cookies)
	if err != nil {
		t.Fatal(err)
	}
	fill(session, "li, with another name")
	_ = save(t, store, session)
	wantSession(t, store, cookies, "li, with another name")
	end(t, store, session)
	session.ID = ""
	fill(session, "nobody known")
	now := pair(save(t, store, session)) // not by a login of li
	endAll(t, store, "li")
	wantNobody(t, store, cookies)
	wantSession(t, store, now, "nobody known")
}

func (s enderSuite) many(t *testing.T) {
	store := s.open(t)
	const logins = 50
	var given [logins]string
	var callers sync.WaitGroup
	began := time.Now()
	for i := range logins {
		callers.Go(func() {
			if i == logins/2 {
				endAll(t, store, "li")
				return
			}
			cookies, err := signIn(t, store, "li", began)
			if err != nil && !errors.Is(err, sessionstore.ErrEnded) {
				t.Errorf("Save: %v", err)
			}
			given[i] = cookies
		})
	}
	callers.Wait()
	for _, cookies := range given {
		if cookies != "" {
			wantNobody(t, store, cookies)
		}
	}
}
