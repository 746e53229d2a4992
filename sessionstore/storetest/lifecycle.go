package storetest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/sessionstore"
)

func (s Suite) noCookie(t *testing.T) {
	store := s.New(t)
	session, err := load(t, store, "")
	if err != nil || !session.IsNew || len(session.Values) != 0 || session.Values == nil ||
		session.Options == nil {
		t.Errorf("New without a cookie = %+v, %v; want a new, empty session", session, err)
	}
	if session.Name() != cookieName || session.Store() != store {
		t.Errorf("the session is named %q and of store %T", session.Name(), session.Store())
	}
}

func (s Suite) roundTrip(t *testing.T) {
	store := s.New(t)
	for _, size := range []int{1, 100, 800} {
		value := strings.Repeat("v", size)
		session, cookie := begin(t, store, value)
		wantSession(t, store, pair(cookie), value)

		r := visit(t, pair(cookie))
		first, err := store.Get(r, cookieName)
		if err != nil || valueOf(first) != value || first.ID != session.ID {
			t.Errorf("Get = %+v, %v; want the session that was saved", first, err)
		}
		if again, err := store.Get(r, cookieName); err != nil || again != first {
			t.Errorf("a second Get of one request = %p, %v; want %p", again, err, first)
		}
	}
}

func (s Suite) otherValues(t *testing.T) {
	store := s.New(t)
	session, _ := load(t, store, "")
	fill(session, "v")
	session.Values["name"], session.Values[7], session.Values[true] = "Li Lei", 42, 1.5
	session.AddFlash("saved")
	got, err := load(t, store, pair(save(t, store, session)))
	if err != nil || !reflect.DeepEqual(got.Values, session.Values) {
		t.Errorf("values = %v, %v; want %v", got.Values, err, session.Values)
	}
}

func (s Suite) update(t *testing.T) {
	store := s.New(t)
	_, cookie := begin(t, store, "before")
	session, err := load(t, store, pair(cookie))
	if err != nil {
		t.Fatal(err)
	}
	id := session.ID
	fill(session, "after")
	updated := save(t, store, session)
	wantSession(t, store, pair(updated), "after")
	if session.ID != id {
		t.Error("an update changed the id of the session")
	}
	if !inCookie(session) {
		wantSession(t, store, pair(cookie), "after")
	}
}

func (s Suite) login(t *testing.T) {
	store := s.New(t)
	_, before := begin(t, store, "visitor")
	session, err := load(t, store, pair(before))
	if err != nil {
		t.Fatal(err)
	}
	id := session.ID
	end(t, store, session)
	session.ID = ""
	fill(session, "somebody")
	after := save(t, store, session)

	wantSession(t, store, pair(after), "somebody")
	if after.Value == before.Value {
		t.Error("the cookie of before the login is the cookie of after it")
	}
	if !inCookie(session) {
		if session.ID == id {
			t.Error("the login kept the id")
		}
		wantNobody(t, store, pair(before))
	}
}

func (s Suite) plantedCookie(t *testing.T) {
	store := s.New(t)
	model, cookie := begin(t, store, "attacker")
	end(t, store, model)
	// well-formed, never given out
	made := fmt.Sprintf("%s=%s", cookieName, strings.Repeat("A", len(cookie.Value)))

	planted := []string{made}
	if !inCookie(model) {
		planted = append(planted, pair(cookie)) // given out, and ended
	}
	for _, cookies := range planted {
		session, err := load(t, store, cookies)
		if !sessionstore.Anonymous(err) || !session.IsNew {
			t.Fatalf("the planted cookie opens a session, error %v", err)
		}
		session.ID = ""
		fill(session, "victim")
		given := pair(save(t, store, session))
		if given == cookies {
			t.Error("the planted cookie became the victim's")
		}
		wantSession(t, store, given, "victim")
		wantNobody(t, store, cookies)
	}
}

func (s Suite) logout(t *testing.T) {
	store := s.New(t)
	_, cookie := begin(t, store, "somebody")
	session, err := load(t, store, pair(cookie))
	if err != nil {
		t.Fatal(err)
	}
	fill(session, "somebody")
	session.Options.MaxAge = -1
	cleared := save(t, store, session)
	if cleared.MaxAge >= 0 || cleared.Path != "/" || !cleared.Secure || !cleared.HttpOnly ||
		cleared.SameSite != http.SameSiteLaxMode {
		t.Errorf("the logout sets %v; want an expired cookie with the attributes of the session's",
			cleared)
	}
	if !s.LogoutKeepsValue {
		wantNobody(t, store, pair(cleared))
	}
	if !inCookie(session) {
		wantNobody(t, store, pair(cookie))
	}
}

func (s Suite) expiry(t *testing.T) {
	if s.FixedExpiry {
		return
	}
	if session, _ := begin(t, s.New(t), "v"); !inCookie(session) {
		s.expiryOfServer(t)
		return
	}
	synctest.Test(t, func(t *testing.T) {
		store := s.New(t)
		_, cookie := begin(t, store, "v")
		time.Sleep((maxAge - 1) * time.Second)
		wantSession(t, store, pair(cookie), "v")
		time.Sleep(time.Second)
		wantNobody(t, store, pair(cookie)) // and reading it has not made it live longer
	})
}

// expiryOfServer tests with real time, because the clock of the server cannot be moved.
func (s Suite) expiryOfServer(t *testing.T) {
	t.Helper()
	store := s.New(t)
	session, _ := load(t, store, "")
	fill(session, "v")
	session.Options.MaxAge = 1
	cookie := save(t, store, session)
	limit, poll := time.NewTimer(10*time.Second), time.NewTicker(20*time.Millisecond)
	defer limit.Stop()
	defer poll.Stop()
	for {
		session, err := load(t, store, pair(cookie))
		if session.IsNew {
			wantNobody(t, store, pair(cookie))
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-poll.C:
		case <-limit.C:
			t.Fatal("a session with a MaxAge of one second is still there after ten")
		}
	}
}

func (s Suite) options(t *testing.T) {
	store := s.New(t)
	for _, want := range []sessions.Options{
		{Path: "/", MaxAge: 60, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode},
		{Path: "/app", Domain: "example.com", MaxAge: 7200, SameSite: http.SameSiteStrictMode},
		{Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode},
		{Path: "/app", Domain: "example.com", MaxAge: -1, SameSite: http.SameSiteStrictMode},
	} {
		session, _ := begin(t, store, "v")
		session.Options = &want
		c := save(t, store, session)
		got := sessions.Options{
			Path: c.Path, Domain: c.Domain, MaxAge: c.MaxAge, Secure: c.Secure,
			HttpOnly: c.HttpOnly, SameSite: c.SameSite,
		}
		if got != want {
			t.Errorf("Set-Cookie carries %+v, want %+v", got, want)
		}
		if !s.LogoutKeepsValue && (c.Value == "") != (want.MaxAge < 0) {
			t.Errorf("MaxAge %d sets a value of %d bytes", want.MaxAge, len(c.Value))
		}
	}
}

func (s Suite) secrecy(t *testing.T) {
	const secret = "a-refresh-token-that-nobody-may-read"
	_, cookie := begin(t, s.New(t), secret)
	layers := [][]byte{[]byte(cookie.Value)}
	for depth := 0; len(layers) > 0 && depth < 4; depth++ {
		var inner [][]byte
		for _, layer := range layers {
			if bytes.Contains(layer, []byte(secret)) {
				t.Fatalf("the cookie shows the value under %d layers of base64", depth)
			}
			for part := range bytes.SplitSeq(layer, []byte("|")) {
				for _, e := range []*base64.Encoding{
					base64.URLEncoding, base64.RawURLEncoding, base64.StdEncoding,
				} {
					if decoded, err := e.DecodeString(string(part)); err == nil &&
						len(decoded) > 0 {
						inner = append(inner, decoded)
					}
				}
			}
		}
		layers = inner
	}
}

func (s Suite) unwritable(t *testing.T) {
	store := s.New(t)
	session, _ := load(t, store, "")
	fill(session, "v")
	session.Values["channel"] = make(chan int)
	w := httptest.NewRecorder()
	if err := store.Save(visit(t, ""), w, session); err == nil || len(w.Result().Cookies()) > 0 {
		t.Errorf("Save = %v and sets %v; want an error and no cookie", err, w.Result().Cookies())
	}
}

func (s Suite) outage(t *testing.T) {
	if s.Broken == nil {
		return
	}
	_, cookie := begin(t, s.New(t), "somebody")
	broken := s.Broken(t)
	session, err := load(t, broken, pair(cookie))
	if sessionstore.Anonymous(err) || !session.IsNew || len(session.Values) != 0 {
		t.Errorf("New = %+v, %v; want an error that means an outage", session, err)
	}
	fresh, _ := load(t, broken, "")
	fill(fresh, "v")
	w := httptest.NewRecorder()
	if err := broken.Save(visit(t, ""), w, fresh); err == nil || len(w.Result().Cookies()) > 0 {
		t.Errorf("Save = %v and sets %v; want an error and no cookie", err, w.Result().Cookies())
	}
}

func (s Suite) concurrency(t *testing.T) {
	store := s.New(t)
	_, shared := begin(t, store, "shared")
	var visitors sync.WaitGroup
	for i := range 8 {
		visitors.Go(func() {
			value := fmt.Sprintf("visitor %d", i)
			for range 10 {
				session, _ := store.New(visit(t, ""), cookieName)
				fill(session, value)
				w := httptest.NewRecorder()
				if err := store.Save(visit(t, ""), w, session); err != nil {
					t.Errorf("Save: %v", err)
					return
				}
				wantSession(t, store, pair(w.Result().Cookies()[0]), value)
				wantSession(t, store, pair(shared), "shared")
			}
		})
	}
	visitors.Wait()
}
