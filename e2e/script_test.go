package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/wxsim"
)

// startScripted serves pages whose scripts log in by web/wxoauth.js.
func startScripted(t *testing.T, sim *wxsim.Server) (app string) {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	auth, err := wxoauth.New(wxoauth.Config{
		AppID: sim.AppID(), Secret: wxoauth.Secret(sim.Secret()), PublicURL: srv.URL, Keys: [][]byte{[]byte(strings.Repeat("k", 32))},
		Website: &wxoauth.Website{AppID: sim.WebsiteAppID(), Secret: wxoauth.Secret(sim.WebsiteSecret())},
		APIURL:  sim.URL, OpenURL: sim.URL,
	})
	require.NoError(t, err)
	page := func(script string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; frame-src "+sim.URL)
			_, _ = io.WriteString(w, `<!DOCTYPE html><h1></h1><div id="qr"></div><script type="module">`+script+`</script>`)
		}
	}
	mux.HandleFunc("/{$}", page(`
		import { api, signPage } from '/wxoauth.js'
		const answers = await Promise.all(['/api/me', '/api/me?2', '/api/me?3'].map((path) => api(path)))
		document.querySelector('h1').innerText = (await answers[2].json()).nickname
		window.signPage = signPage`))
	mux.HandleFunc("/desk", page(`
		import { embedQR } from '/wxoauth.js'
		const shown = await embedQR(document.querySelector('#qr'), { open: '`+sim.URL+`', returnTo: '/?from=desk#/cart' })
		document.querySelector('h1').innerText = shown ? 'scan' : 'signed in'`))
	mux.HandleFunc("/worker", page(`
		await navigator.serviceWorker.register('/worker.js')
		await navigator.serviceWorker.ready
		document.querySelector('h1').innerHTML = '<a href="/api/me">ready</a>'`))
	mux.HandleFunc("/worker.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, `addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))`)
	})
	mux.Handle("/api/me", auth.Middleware()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := wxoauth.User(r)
		_ = json.NewEncoder(w).Encode(user)
	})))
	mux.HandleFunc("/api/sign", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(r.FormValue("url"))
	})
	mux.Handle("/wechat/login", auth.Login())
	mux.Handle("/wxoauth.js", auth.Script())
	return srv.URL
}

func TestAPageLogsInByItsScript(t *testing.T) {
	sim := simulate(t)
	app := startScripted(t, sim)
	tb := newProfile(t, wechatAgent)
	page := app + "/?tab=2#/cart/7"
	tb.open(page)
	tb.until(`document.querySelector("button[value=allow]") !== null`)
	tb.click(allow)
	tb.until(`document.querySelector("h1").innerText === "小明"`)
	require.Equal(t, page, tb.url())
	require.Equal(t, 1, sim.Calls("/connect/oauth2/authorize"))
	eval[bool](tb, `history.pushState(null, "", "/other?b=1#x"), true`)
	require.Equal(t, app+"/other?b=1", eval[string](tb, `signPage('/api/sign')`))
}

// The page of the examples that does so.
func TestAPageOfTheExamplesLogsInByItsScript(t *testing.T) {
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			sim := simulate(t)
			app := startWith(t, framework, sim)
			tb := newProfile(t, wechatAgent)
			tb.open(app + "/spa?tab=2")
			tb.do(chromedp.Click(chromedp.CSS("main button")))
			tb.until(`document.querySelector("button[value=allow]") !== null`)
			tb.click(allow)
			tb.until(`document.querySelector("#answer")?.innerText.includes("小明")`)
			require.Equal(t, app+"/spa?tab=2#me", tb.url())
		})
	}
}

var ticketForm = regexp.MustCompile(`data-ticket="([^"]+)"`)

func TestAPageShowsWeChatsQRCode(t *testing.T) {
	sim := simulate(t)
	app := startScripted(t, sim)
	desktop, phone := newProfile(t, desktopAgent), newProfile(t, wechatAgent)
	desktop.open(app + "/desk")
	desktop.until(`document.querySelector("h1").innerText === "scan"`)
	phone.open(sim.URL + "/wxsim/scan?ticket=" + ticketOf(t, sim))
	phone.click(allow)
	desktop.until(`document.querySelector("h1")?.innerText === "小明"`)
	require.Equal(t, app+"/?from=desk#/cart", desktop.url())
	desktop.open(app + "/desk")
	desktop.until(`document.querySelector("h1").innerText === "signed in"`)
}

// A simulator that allows every login leads the window on, and not the frame.
func TestAnEmbeddedCodeThatIsAllowedAtOnce(t *testing.T) {
	sim := simulate(t)
	require.NoError(t, sim.Switch("auto", true))
	app := startScripted(t, sim)
	desktop := newProfile(t, desktopAgent)
	desktop.open(app + "/desk")
	desktop.until(`document.querySelector("h1")?.innerText === "小明"`)
	require.Equal(t, app+"/?from=desk#/cart", desktop.url())
}

// A worker that passes on all that its site asks for does not keep anybody out.
func TestAServiceWorkerPassesPagesOn(t *testing.T) {
	sim := simulate(t)
	require.NoError(t, sim.Switch("auto", true))
	app := startScripted(t, sim)
	desktop := newProfile(t, desktopAgent)
	desktop.open(app + "/worker")
	desktop.until(`document.querySelector("a") !== null`)
	require.Equal(t, 401, desktop.click("a"))
	require.Equal(t, "login", desktop.page())
	desktop.do(chromedp.Click(chromedp.CSS(".button")))
	desktop.until(`document.body.innerText.includes("小明")`)
	require.Equal(t, app+"/api/me", desktop.url())
}

// ticketOf is what the QR code of the frame holds, once the frame has loaded.
func ticketOf(t *testing.T, sim *wxsim.Server) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, c := range sim.Log() {
			if m := ticketForm.FindSubmatch(c.Answer); m != nil {
				return string(m[1])
			}
		}
	}
	t.Fatal("WeChat's page was not loaded")
	return ""
}
