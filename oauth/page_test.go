package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/faults"
)

func shopLook() *look { return &look{publicURL: "https://shop.example.com"} }

func pageLoad(lang string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", lang)
	return r
}

// A URL that no phone could scan comes without a code, and the page does not speak of one.
func TestALongURLIsNotScanned(t *testing.T) {
	const begin = "https://shop.example.com/a?q="
	for _, tt := range []struct {
		name   string
		length int
		code   bool
		word   string
	}{
		{"just short enough", maxScanned, true, "Scan the code"},
		{"too long", maxScanned + 1, false, "Copy this link"},
		{"longer than any code holds", 8000, false, "Copy this link"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := begin + strings.Repeat("x", tt.length-len(begin))
			w := httptest.NewRecorder()
			shopLook().openInWeChat(w, pageLoad("en"), address)
			body := w.Body.String()
			if strings.Contains(body, "<img") != tt.code || !strings.Contains(body, tt.word) || !strings.Contains(body, `href="`+address+`"`) {
				t.Errorf("want a code: %t, %q and the link, in %s", tt.code, tt.word, body)
			}
		})
	}
}

func TestEveryPageSpeaksBothLanguages(t *testing.T) {
	for key, say := range words {
		if say.zh == "" || say.en == "" {
			t.Errorf("%s says %q and %q", key, say.zh, say.en)
		}
		require.NotContains(t, say.zh, "您", key)
	}
	for _, kind := range []Kind{
		KindDenied, KindState, KindCookies, KindCode, KindSnapshot, KindBlocked, KindIdentity, KindLimited,
		KindUpstream, KindConfig, KindStore, KindRefusedByApp, KindApp, "quota", signedOutPage, framedPage, unsentPage,
	} {
		for _, place := range []string{"title", "body", "action"} {
			require.NotEmpty(t, word(chinese, string(kind)+"."+place), "the page %s has no %s", kind, place)
		}
	}
}

// Every page names itself, allows its own script alone, and says no word twice as polite as WeChat.
func TestPages(t *testing.T) {
	answer := func(lang string, show func(l *look, w http.ResponseWriter, r *http.Request)) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		show(shopLook(), w, pageLoad(lang))
		return w
	}
	for name, show := range map[string]func(l *look, w http.ResponseWriter, r *http.Request){
		"store": func(l *look, w http.ResponseWriter, r *http.Request) {
			(&Failure{Status: 503, Kind: KindStore, code: "ABCD2345", look: l}).WritePage(w, r)
		},
		signedOutPage: func(l *look, w http.ResponseWriter, r *http.Request) { l.message(w, r, 200, page{Name: signedOutPage}) },
		openInWeChatPage: func(l *look, w http.ResponseWriter, r *http.Request) {
			l.openInWeChat(w, r, "https://shop.example.com/me")
		},
		askPage: func(l *look, w http.ResponseWriter, r *http.Request) {
			l.ask(w, r, "To show your reviews", "/privacy", "https://shop.example.com/me?wx_login=1")
		},
	} {
		for _, lang := range []string{chinese, english} {
			w := answer(lang, show)
			body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
			if !strings.Contains(body, `<body data-page="`+name+`"`) || strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "<h1></h1>") {
				t.Errorf("%s in %s:\n%s", name, lang, body)
			}
			for _, script := range regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(body, -1) {
				sum := sha256.Sum256([]byte(script[1]))
				require.Contains(t, policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", name)
			}
		}
	}
}

// An app's OnError may leave some failures to the built-in page.
func TestWritePage(t *testing.T) {
	for _, tt := range []struct {
		name, accept, want string
		failure            Failure
	}{
		{"a page", "text/html", "Too many people are logging in", Failure{Status: 503, Kind: KindLimited, Err: core.ErrRateLimit}},
		{"a quota that is used up comes back tomorrow", "text/html", "try again tomorrow", Failure{Status: 503, Kind: KindLimited, Err: fmt.Errorf("exchange: %w", core.ErrQuota)}},
		{"JSON for a script", "application/json", `{"error":"limited"}`, Failure{Status: 503, Kind: KindLimited, Err: core.ErrQuota}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, w := pageLoad("en"), httptest.NewRecorder()
			r.Header.Set("Accept", tt.accept)
			tt.failure.WritePage(w, r)
			h := w.Header()
			if w.Code != 503 || h.Get("Retry-After") != "60" || h.Get("Cache-Control") != "private, no-store" || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %v\n%s", w.Code, h, w.Body)
			}
		})
	}
}

func TestBrand(t *testing.T) {
	l := shopLook()
	l.brand = Brand{Name: "<Shop>", LogoURL: "/logo.png", HomeURL: "/start", Support: "mailto:help@example.com"}
	w := httptest.NewRecorder()
	(&Failure{Status: 403, Kind: KindDenied, RetryURL: "https://shop.example.com/me", code: "ABCD2345", look: l}).WritePage(w, pageLoad("en"))
	for _, want := range []string{
		"&lt;Shop&gt;", `src="https://shop.example.com/logo.png"`, `href="https://shop.example.com/start"`,
		`href="mailto:help@example.com"`, "<b>ABCD2345</b>",
	} {
		require.Contains(t, w.Body.String(), want)
	}
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "img-src 'self' data:;")
}

func TestBrandsThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		brand Brand
		field string // "": taken
	}{
		{"nothing", Brand{}, ""},
		{"a logo of this site", Brand{LogoURL: "https://shop.example.com/logo.png"}, ""},
		{"a logo in place", Brand{LogoURL: "data:image/png;base64,AA=="}, ""},
		{"a home elsewhere", Brand{HomeURL: "https://www.example.com"}, ""},
		{"a logo of another site", Brand{LogoURL: "https://cdn.example.com/logo.png"}, "Brand.LogoURL"},
		{"a logo of a look-alike", Brand{LogoURL: "https://shop.example.com.evil.com/logo.png"}, "Brand.LogoURL"},
		{"a logo without a scheme", Brand{LogoURL: "//cdn.example.com/logo.png"}, "Brand.LogoURL"},
		{"a home that runs", Brand{HomeURL: "javascript:alert(1)"}, "Brand.HomeURL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrong := faults.In("oauth: Config.")
			tt.brand.check(wrong, "https://shop.example.com/app")
			text := fmt.Sprint(wrong.Err())
			if (tt.field == "") != (wrong.Err() == nil) || !strings.Contains(text, tt.field) || strings.Contains(text, "\n") {
				t.Error(text)
			}
		})
	}
}

// The code on the page is the one in the log.
func TestAFailuresCodeIsInTheLog(t *testing.T) {
	var log strings.Builder
	a := testAuth(t, memoOf(-1))
	a.logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w := httptest.NewRecorder()
	v := newVisit(w, pageLoad("en"))
	a.fail(&v, &Failure{Status: 403, Kind: KindDenied, Err: io.EOF})
	code := regexp.MustCompile(`<b>([A-Z2-7]{8})</b>`).FindStringSubmatch(w.Body.String())
	require.NotNil(t, code)
	require.Contains(t, log.String(), "code="+code[1])
}

// BenchmarkOpenInWeChat is what a stranger's page load costs.
func BenchmarkOpenInWeChat(b *testing.B) {
	for _, n := range []int{60, maxScanned, maxScanned + 1} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			address := "https://shop.example.com/" + strings.Repeat("x", n-25)
			b.ReportAllocs()
			for b.Loop() {
				shopLook().openInWeChat(nopWriter{http.Header{}}, pageLoad("en"), address)
			}
		})
	}
}
