package oauth

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/answers"
)

// testAuth makes the Auth of a shop; change its Config as you like.
func testAuth(tb testing.TB, changes ...func(*Config)) *Auth {
	tb.Helper()
	cfg := Config{
		AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "https://shop.example.com", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)},
	}
	for _, change := range changes {
		change(&cfg)
	}
	a, err := New(cfg)
	require.NoError(tb, err)
	return a
}

func memoOf(size int) func(*Config) { return func(cfg *Config) { cfg.MemoSize = size } }

func typicalUser(n int) *record {
	now := time.Now().Truncate(time.Second)
	id := strings.Repeat("x", 24) + string(rune('a'+n%26)) + string(rune('a'+n/26%26)) + string(rune('a'+n/676%26)) + string(rune('a'+n/17576%26))
	return &record{
		user: &core.User{
			AppID: "wx0123456789abcdef", OpenID: id, UnionID: id, Nickname: "张三丰的小店", HeadImgURL: "https://thirdwx.qlogo.cn/" + strings.Repeat("h", 105),
			Country: "中国", Province: "广东", City: "深圳", Language: "zh_CN", Sex: 1, Scope: string(ScopeUserInfo), LoginAt: now, CheckedAt: now,
		},
		accessToken: strings.Repeat("a", 110), refreshToken: strings.Repeat("r", 110), expiry: time.Now().Add(2 * time.Hour), profileAt: time.Now(),
	}
}

func signedIn(tb testing.TB, a *Auth, rec *record) *http.Request {
	tb.Helper()
	h := http.Header{}
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	require.NoError(tb, a.sessions.create(answers.HeaderOnly(h), r, rec, time.Now()))
	c, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
	r.Header.Set("Cookie", "theme=dark; "+c)
	r.Header.Set("Accept", "text/html")
	return r
}

type nopWriter struct{ h http.Header }

func (w nopWriter) Header() http.Header       { return w.h }
func (nopWriter) Write(b []byte) (int, error) { return len(b), nil }
func (nopWriter) WriteHeader(int)             {}

func BenchmarkAdmit(b *testing.B) {
	for _, tt := range []struct {
		name string
		memo int
	}{{"hit", 0}, {"miss", -1}} {
		b.Run(tt.name, func(b *testing.B) {
			a := testAuth(b, memoOf(tt.memo))
			r := signedIn(b, a, typicalUser(0))
			w := nopWriter{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := a.Admit(w, r, ""); !ok {
					b.Fatal("not admitted")
				}
			}
		})
	}
}

func TestASignedInRequestCostsTwoAllocations(t *testing.T) {
	a := testAuth(t)
	r := signedIn(t, a, typicalUser(0))
	w := nopWriter{http.Header{}}
	allocs := testing.AllocsPerRun(100, func() {
		clear(w.Header())
		if _, ok := a.Admit(w, r, ""); !ok {
			t.Error("not admitted")
		}
	})
	require.LessOrEqual(t, allocs, 2.0) // the request's copy and its context
}

// BenchmarkMemo fills the memo with 10,000 users and reports what it holds on to.
func BenchmarkMemo(b *testing.B) {
	for b.Loop() {
		a := testAuth(b)
		before := heap()
		for i := range defaultMemoSize {
			a.Admit(nopWriter{http.Header{}}, signedIn(b, a, typicalUser(i)), "")
		}
		require.Len(b, a.sessions.memo.entries, defaultMemoSize)
		b.ReportMetric(float64(heap()-before), "memo-B")
		runtime.KeepAlive(a)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
