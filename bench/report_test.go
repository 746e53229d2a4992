package bench

import (
	"encoding/gob"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"
	chart "github.com/wcharczuk/go-chart/v2"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/oauth"
)

var writeTo = flag.String("write", "", "folder to write benchmarks.md and benchmarks.svg to")

// BenchmarkReport is the whole comparison: one run on one machine.
func BenchmarkReport(b *testing.B) {
	gob.Register(user{})
	for b.Loop() {
		r := &report{}
		cookieTables(b, r)
		redisTables(b, r)
		r.add("The rest of a login (nothing subtracted)", "", lifeOfALogin(b))
		r.print()
		if *writeTo != "" {
			r.write(*writeTo)
		}
		for _, t := range r.tables {
			for _, row := range t.rows {
				if strings.HasPrefix(row.Name, "wxoauth") {
					b.ReportMetric(row.Ratio, strings.NewReplacer(" ", "-", ",", "").Replace(row.Name)+"-"+t.metric)
				}
			}
		}
	}
}

func gorillaGob() contestant {
	return gorilla("gorilla CookieStore, gob", sessions.NewCookieStore(hashKey, blockKey))
}

func cookieTables(tb testing.TB, r *report) {
	tb.Helper()
	r.add("Cookie sessions, 64 users in turn", "cookie", race(tb, 64, sequential, gorillaGob(),
		gothContestant(), ginCookie(), scsContestant("scs in memory", nil), gorillaBinary(), bareSeal(),
		onHTTP("wxoauth net/http", nil), onChi(nil), onGin(nil), onHTTP("wxoauth net/http, no memo", noMemo)))
	r.add("Cookie sessions, 8,000 users in turn", "cookie-8000", race(tb, 8000, sequential, gorillaGob(),
		scsContestant("scs in memory", nil), onHTTP("wxoauth net/http", nil), onHTTP("wxoauth net/http, no memo", noMemo)))
	r.add("Cookie sessions, 64 users, all cores", "cookie-parallel", race(tb, 64, parallel, gorillaGob(),
		gothContestant(), scsContestant("scs in memory", nil), onHTTP("wxoauth net/http", nil), onChi(nil), onGin(nil)))
	r.add("Cookie sessions behind a real server, one connection", "cookie-server", race(tb, 64, overSocket, gorillaGob(),
		gothContestant(), onHTTP("wxoauth net/http", nil), onChi(nil), onGin(nil)))
}

func redisTables(tb testing.TB, r *report) {
	tb.Helper()
	server := redistest.Start(tb)
	client := func(change func(*rueidis.ClientOption)) rueidis.Client {
		option := rueidis.ClientOption{InitAddress: []string{server.Addr}}
		change(&option)
		c, err := rueidis.NewClient(option)
		must(err)
		tb.Cleanup(c.Close)
		return c
	}
	tracking := client(func(*rueidis.ClientOption) {})
	forgetful := client(func(o *rueidis.ClientOption) { o.CacheSizeEachConn = 64 << 10 }) // holds no 8,000 users
	plain := client(func(o *rueidis.ClientOption) { o.DisableCache = true })
	r.add("Redis sessions, 64 users in turn", "redis", race(tb, 64, sequential, redistoreContestant(server.Addr),
		scsRedis(server.Addr), ginRedis(server.Addr), rueidisGet("one rueidis GET", plain, false), rueidisGet("a hit in rueidis' cache", tracking, true),
		onHTTP("wxoauth net/http", inRedis(tracking, false)), onChi(inRedis(tracking, false)), onGin(inRedis(tracking, false))))
	r.add("Redis sessions, 64 users, all cores", "redis-parallel", race(tb, 64, parallel, redistoreContestant(server.Addr),
		scsRedis(server.Addr), onHTTP("wxoauth net/http", inRedis(tracking, false))))
	r.add("A Redis session that this process has not read yet", "redis-miss", race(tb, 8000, sequential, rueidisGet("one rueidis GET", plain, false),
		onHTTP("wxoauth net/http", inRedis(forgetful, false)), onHTTP("wxoauth net/http, without tracking", inRedis(plain, true))))
}

// lifeOfALogin measures what is not a page view. WeChat answers from memory here.
func lifeOfALogin(tb testing.TB) []row {
	tb.Helper()
	auth := onHTTP("", nil)
	script := navigate("/me")
	script.Header.Set("Accept", "application/json")
	tokens, err := core.NewClient(core.ClientConfig{AppID: "wx1", Secret: "s", HTTPClient: &http.Client{Transport: &wechat{}}})
	must(err)
	ctx := tb.Context()

	cost := func(name string, request *http.Request, h http.HandlerFunc) row {
		requests := []*http.Request{request}
		ns := make([]float64, rounds)
		for i := range ns {
			ns[i] = sequential(h, requests)
		}
		return row{Name: name, NS: median(ns), Allocs: allocs(h, requests)}
	}
	return []row{
		cost("anonymous page load: 302 to WeChat", navigate("/me"), auth.handler.ServeHTTP),
		cost("anonymous fetch: 401", script, auth.handler.ServeHTTP),
		cost("whole login: two requests, two calls to WeChat", script, func(http.ResponseWriter, *http.Request) {
			auth.logIn(writer{http.Header{}}, nil, userN(1))
		}),
		cost("app access token, cached", script, func(http.ResponseWriter, *http.Request) {
			_, _, err := tokens.AccessToken(ctx)
			must(err)
		}),
	}
}

// callsAndRedirects counts what one user's login and 1,000 page views cost in each scope.
func callsAndRedirects(scope oauth.Scope) (perLogin, redirects, perThousandViews int) {
	server := &wechat{}
	auth := onHTTP("", func(cfg *oauth.Config) {
		cfg.Scope, cfg.HTTPClient = scope, &http.Client{Transport: server}
	})
	count := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := record(auth.handler, r)
		if answer.Code == http.StatusFound {
			redirects++
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
	})
	session := httptest.NewRecorder()
	logInWith(count)(session, nil, userN(1))
	perLogin = server.calls
	view := navigate("/me")
	view.Header.Set("Cookie", cookies(session))
	for range 1000 {
		if answer := record(auth.handler, view); answer.Code != http.StatusOK {
			panic(answer.Code)
		}
	}
	return perLogin, redirects, server.calls - perLogin
}

type table struct {
	title, metric string
	rows          []row
}

type report struct{ tables []table }

func (r *report) add(title, metric string, rows []row) {
	r.tables = append(r.tables, table{title, metric, rows})
}

func (r *report) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	for _, t := range r.tables {
		fmt.Fprintf(w, "\n%s\n\tns\tratio\tallocs\t\n", t.title)
		for _, row := range t.rows {
			fmt.Fprintf(w, "%s\t%.0f\t%s\t%.0f\t\n", row.Name, row.NS, ratio(row), row.Allocs)
		}
	}
	must(w.Flush())
}

func ratio(r row) string {
	if r.Ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", r.Ratio)
}

const intro = `# Benchmarks

What a signed-in request costs over the bare page on the same framework, with the user at hand. Each
contestant keeps the same user of 476 bytes in its session and is sent the same request, with a second
cookie. The contestants run in interleaved rounds of shuffled order; a ratio is taken within a round,
and the median of the rounds is shown. Absolute figures depend on the machine, ratios much less. A floor
is what would be possible: it knows no expiry, no second key and no damaged value.

Run it yourself: ` + "`make bench`" + `. It needs redis-server, and a machine that does nothing else.

![What a signed-in request costs](benchmarks.svg)
`

const callsIntro = `
## Calls and redirects

| | calls to WeChat per login | redirects per login | calls to WeChat per 1,000 page views |
|---|--:|--:|--:|
`

// callsOfOthers is read in their sources and documentation.
const callsOfOthers = `| goth v1.82.0, as its source says | 2 | 1, and those of your callback | it guards no pages |
| laravel-wechat, as its middleware says | 2 | 2 | 0 |
| py_wechat_tools' authorize_userinfo, as its README says | 2 | 1 | 1,000 with the access token kept, 2,000 with the refresh token |

A profile of ours that is older than ` + "`ProfileMaxAge`" + ` (24 hours) is refreshed in passing, with two calls.
A second callback of the same login costs no call: the others exchange the code again, which WeChat refuses.
`

func (r *report) write(dir string) {
	var text strings.Builder
	text.WriteString(intro)
	fmt.Fprintf(&text, "\nThis run: %s, %s/%s, %d cores.\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, t := range r.tables {
		fmt.Fprintf(&text, "\n## %s\n\n| | ns | ratio | allocations |\n|---|--:|--:|--:|\n", t.title)
		for _, row := range t.rows {
			fmt.Fprintf(&text, "| %s | %.0f | %s | %.0f |\n", row.Name, row.NS, ratio(row), row.Allocs)
		}
	}
	text.WriteString(callsIntro)
	for _, scope := range []oauth.Scope{oauth.ScopeUserInfo, oauth.ScopeBase} {
		perLogin, redirects, views := callsAndRedirects(scope)
		fmt.Fprintf(&text, "| wxoauth, %s, counted in this run | %d | %d | %d |\n", scope, perLogin, redirects, views)
	}
	text.WriteString(callsOfOthers)
	must(os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(text.String()), 0o644))
	f, err := os.Create(filepath.Join(dir, "benchmarks.svg"))
	must(err)
	must(r.chart().Render(chart.SVG, f))
	must(f.Close())
}

// chart draws the first table.
func (r *report) chart() chart.BarChart {
	short := strings.NewReplacer(" net/http, no memo", " without memo", " net/http", "", "/sessions cookie", "", " CookieStore, gob", "", " in memory", "", "goth ", "")
	bars, most := []chart.Value{}, 0.0
	for _, row := range r.tables[0].rows {
		if strings.HasPrefix(row.Name, "floor") {
			continue
		}
		style := chart.Style{FillColor: chart.ColorAlternateGray, StrokeColor: chart.ColorAlternateGray}
		if strings.HasPrefix(row.Name, "wxoauth") {
			style = chart.Style{FillColor: chart.ColorGreen, StrokeColor: chart.ColorGreen}
		}
		µs := row.NS / 1000
		most = max(most, µs)
		bars = append(bars, chart.Value{Label: fmt.Sprintf("%.1f %s", µs, short.Replace(row.Name)), Value: µs, Style: style})
	}
	return chart.BarChart{
		Title: "A signed-in request, cookie sessions: microseconds over the bare page", Width: 960, Height: 420, BarWidth: 72, BarSpacing: 40,
		Background: chart.Style{Padding: chart.Box{Top: 50, Bottom: 40, Left: 20, Right: 20}}, Bars: bars,
		YAxis: chart.YAxis{Style: chart.Hidden(), Range: &chart.ContinuousRange{Max: most}},
	}
}
