package oauth

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remember := func(m *memo, cookie, sealed string, life time.Duration) {
			m.put(cookie, sealed, typicalUser(0), time.Now(), time.Now().Add(life))
		}
		finds := func(m *memo, cookie, sealed string) bool {
			rec, ok := m.get(cookie, sealed, time.Now())
			if ok && (rec.hasTokens() || rec.accessToken != "" || rec.user.Nickname == "") {
				t.Errorf("it remembers %+v: a user is to be remembered, and no token", rec.user)
			}
			return ok
		}

		m := newMemo(10)
		remember(m, "cookie", "sealed", time.Hour)
		remember(m, "about to end", "sealed", time.Second)
		other := typicalUser(0)
		other.serial++
		m.put("another session", "sealed", other, time.Now(), time.Now().Add(time.Hour))
		m.forget(other)
		for _, tt := range []struct {
			name, cookie, sealed string
			after                time.Duration // since the case before
			want                 bool
		}{
			{"what was opened a moment ago", "cookie", "sealed", 0, true},
			{"another cookie", "cookies", "sealed", 0, false},
			{"what the store holds has changed", "cookie", "Sealed", 0, false},
			{"a session of the same user that logged out", "another session", "sealed", 0, false},
			{"a session about to end", "about to end", "sealed", 0, true},
			{"a session that ended", "about to end", "sealed", time.Second, false},
			{"just under a minute later", "cookie", "sealed", memoTime - time.Second - 1, true},
			{"a minute later", "cookie", "sealed", 1, false},
		} {
			time.Sleep(tt.after)
			require.Equal(t, tt.want, finds(m, tt.cookie, tt.sealed), tt.name)
		}

		for i := range 100 {
			cookie := fmt.Sprint("cookie ", i)
			remember(m, cookie, cookie, time.Hour)
			if !finds(m, cookie, cookie) || len(m.entries) > 10 {
				t.Fatalf("the %d. newcomer to a memo for 10: remembered: %t, entries: %d", i+1, finds(m, cookie, cookie), len(m.entries))
			}
		}
	})
}
