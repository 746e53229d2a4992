package storetest

import (
	"strings"
	"testing"

	"github.com/gorilla/sessions"
)

// wantNoOther checks that a changed cookie opens no session. If the store accepts several
// spellings of a cookie, it may open the same session as before.
func (s Suite) wantNoOther(t *testing.T, store sessions.Store, value, held string) {
	t.Helper()
	if s.LooseSpelling {
		if session, _ := load(t, store, cookieName+"="+value); valueOf(session) == held {
			return
		}
	}
	wantNobody(t, store, cookieName+"="+value)
}

// lengths returns values of three lengths, because only with some of them the last character of
// base64 has unused bits.
func lengths() []string { return []string{"somebody", "somebody.", "somebody.."} }

func (s Suite) changedBits(t *testing.T) {
	store := s.New(t)
	for _, held := range lengths() {
		_, cookie := begin(t, store, held)
		for i := range len(cookie.Value) {
			for bit := range 8 {
				changed := []byte(cookie.Value)
				changed[i] ^= 1 << bit
				s.wantNoOther(t, store, string(changed), held)
			}
		}
	}
}

func (s Suite) cutAndExtended(t *testing.T) {
	store := s.New(t)
	for _, held := range lengths() {
		_, cookie := begin(t, store, held)
		for i := range len(cookie.Value) {
			s.wantNoOther(t, store, cookie.Value[:i], held)
			s.wantNoOther(t, store, cookie.Value[i+1:], held)
		}
		for _, more := range []string{"A", "=", "==", "AAAA", "-", "|", ".", cookie.Value} {
			s.wantNoOther(t, store, cookie.Value+more, held)
			s.wantNoOther(t, store, more+cookie.Value, held)
		}
	}
}

func (s Suite) strangeCookies(t *testing.T) {
	store := s.New(t)
	_, cookie := begin(t, store, "somebody")
	size := len(cookie.Value)
	for _, value := range []string{
		"", "x", "null", "../../etc/passwd", "session", strings.Repeat("A", 64<<10),
		strings.Repeat("A", size),
		strings.Repeat("*", size), strings.Repeat("=", size), strings.Repeat("|", size),
		strings.Repeat("\x00", size),
		strings.Repeat("é", size), strings.Repeat(" ", size), strings.Repeat("\xff", size),
		"*" + cookie.Value[1:], cookie.Value + "\r\nDEL x", cookie.Value[:size-2] + "\r\n", `"`,
		`""`, "%00", "wx:s:*",
	} {
		wantNobody(t, store, cookieName+"="+value)
	}
}

func (s Suite) names(t *testing.T) {
	store := s.New(t)
	_, cookie := begin(t, store, "somebody")
	for _, name := range []string{
		"__Host-wx-a1b2c4", "__Host-wx-a1b2c", "__Host-wx-a1b2c3x", "__host-wx-a1b2c3", "wx-a1b2c3",
		"__Host-wxa-a1b2c3-AAAAAAAA",
	} {
		// The cookie under another name is not looked at.
		wantNobody(t, store, name+"="+cookie.Value)

		// And its value is no good there.
		session, err := store.New(visit(t, name+"="+cookie.Value), name)
		if session == nil || !session.IsNew || len(session.Values) > 0 || err == nil {
			t.Errorf("a value moved to the cookie %s opens %+v, error %v", name, session, err)
		}
	}
}

func (s Suite) twoCookies(t *testing.T) {
	store := s.New(t)
	_, first := begin(t, store, "first")
	_, second := begin(t, store, "second")
	wantSession(t, store, pair(first)+"; "+pair(second), "first")
	wantSession(t, store, pair(second)+"; "+pair(first), "second")
	wantNobody(t, store, cookieName+"=x; "+pair(first))
}
