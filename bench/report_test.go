package bench

import (
	"context"
	"flag"
	"fmt"
	"net/http"
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
	register()
	for b.Loop() {
		r := &report{tb: b}
		cookieTables(r)
		redisTables(r)
		loginTable(r)
		r.print()
		if *writeTo != "" {
			r.write(*writeTo)
		}
		for _, t := range r.tables {
			for _, row := range t.rows {
				if strings.HasPrefix(row.Name, "wxoauth") && t.metric != "" {
					b.ReportMetric(row.Ratio, strings.NewReplacer(" ", "-", ",", "").Replace(row.Name)+"-"+t.metric)
				}
			}
		}
	}
}

func gorillaGob() contestant {
	return gorilla("gorilla CookieStore, gob", sessions.NewCookieStore(hashKey, blockKey))
}

func cookieTables(r *report) {
	noMemo := func(cfg *oauth.Config) { cfg.MemoSize = -1 }
	r.add("Cookie sessions, 64 users in turn", "cookie", race(r.tb, bare(), 64, sequential, gorillaGob(),
		gothContestant(), ginCookie(), scsContestant("scs in memory", nil), bareChi(), bareGin(),
		netHTTP("wxoauth net/http", nil), chiContestant(), ginContestant(), netHTTP("wxoauth net/http, no memo", noMemo)))
	r.add("Cookie sessions, 8,000 users in turn", "cookie-8000", race(r.tb, bare(), 8000, sequential, gorillaGob(),
		scsContestant("scs in memory", nil), netHTTP("wxoauth net/http", nil)))
	r.add("Cookie sessions, 64 users, all cores", "cookie-parallel", race(r.tb, bare(), 64, parallel, gorillaGob(),
		gothContestant(), scsContestant("scs in memory", nil), netHTTP("wxoauth net/http", nil), chiContestant(), ginContestant()))
	r.add("Cookie sessions behind a real server, one connection", "cookie-server", race(r.tb, bare(), 64, overSocket, gorillaGob(),
		gothContestant(), netHTTP("wxoauth net/http", nil), chiContestant(), ginContestant()))
}

func redisTables(r *report) {
	server := redistest.Start(r.tb)
	client := func(change func(*rueidis.ClientOption)) rueidis.Client {
		option := rueidis.ClientOption{InitAddress: []string{server.Addr}}
		change(&option)
		c, err := rueidis.NewClient(option)
		must(err)
		r.tb.Cleanup(c.Close)
		return c
	}
	tracking := client(func(*rueidis.ClientOption) {})
	forgetful := client(func(o *rueidis.ClientOption) { o.CacheSizeEachConn = 64 << 10 }) // holds no 8,000 users
	plain := client(func(o *rueidis.ClientOption) { o.DisableCache = true })
	r.add("Redis sessions, 64 users in turn", "redis", race(r.tb, bare(), 64, sequential, redistoreContestant(server.Addr),
		scsRedis(server.Addr), ginRedis(server.Addr), rueidisGet("one rueidis GET", plain, false), rueidisGet("a hit in rueidis' cache", tracking, true),
		redisOurs("wxoauth redisstore, hit", tracking, false)))
	r.add("A Redis session read for the first time", "redis-miss", race(r.tb, bare(), 8000, sequential, rueidisGet("one rueidis GET", plain, false),
		redisOurs("wxoauth redisstore, miss", forgetful, false), redisOurs("wxoauth redisstore, miss without tracking", plain, true)))
}

// loginTable measures the rest of a login's life. WeChat answers from memory here.
func loginTable(r *report) {
	auth := netHTTP("", nil)
	page := navigate("/me")
	script := navigate("/me")
	script.Header.Set("Accept", "application/json")
	one := func(name string, h http.Handler, request *http.Request) contestant {
		return contestant{name, h, nobody}.sending(request)
	}
	whole := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { auth.logIn(writer{http.Header{}}, nil, userN(1)) })
	tokens, err := core.NewClient(core.ClientConfig{AppID: "wx1", Secret: "s", HTTPClient: &http.Client{Transport: wechat{}}})
	must(err)
	token := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		_, _, err := tokens.AccessToken(context.Background())
		must(err)
	})
	var rows []row
	for _, c := range []contestant{
		one("anonymous page load: 302 to WeChat", auth.handler, page),
		one("anonymous fetch: 401", auth.handler, script),
		one("whole login: two requests, two calls to WeChat", whole, page),
		one("app access token, cached", token, page),
	} {
		request := c.requests(r.tb, 1)
		ns := make([]float64, rounds)
		for i := range ns {
			ns[i] = sequential(c.handler, request, roundTime)
		}
		rows = append(rows, row{Name: c.name, NS: median(ns), Allocs: allocs(c.handler, request)})
	}
	r.add("The rest of a login (nothing subtracted)", "", rows)
}

// sending makes a contestant of one fixed request.
func (c contestant) sending(request *http.Request) contestant {
	c.handler = func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header = request.Header
			h.ServeHTTP(w, r)
		})
	}(c.handler)
	return c
}

type table struct {
	title, metric string
	rows          []row
}

type report struct {
	tb     testing.TB
	tables []table
}

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

What a signed-in request costs over the bare handler, with the user at hand. Each contestant keeps
the same user of 476 bytes in its session and is sent the same request, with a second cookie. The
contestants run in interleaved rounds of shuffled order; a ratio is taken within a round, and the
median of the rounds is shown. Absolute figures depend on the machine, ratios hardly do.

Run it yourself: ` + "`make bench`" + `. It needs redis-server, and a machine that does nothing else.

![What a signed-in request costs](benchmarks.svg)
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
	must(os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(text.String()), 0o644))
	f, err := os.Create(filepath.Join(dir, "benchmarks.svg"))
	must(err)
	must(r.chart().Render(chart.SVG, f))
	must(f.Close())
}

// chart draws the first table.
func (r *report) chart() chart.BarChart {
	bars := []chart.Value{}
	for _, row := range r.tables[0].rows {
		label := strings.NewReplacer(" net/http, no memo", " miss", " net/http", "", "gin-contrib/sessions cookie", "gin-contrib", " CookieStore, gob", "", " in memory", "", "goth ", "").Replace(row.Name)
		style := chart.Style{FillColor: chart.ColorAlternateGray, StrokeColor: chart.ColorAlternateGray}
		if strings.HasPrefix(row.Name, "wxoauth") {
			style = chart.Style{FillColor: chart.ColorGreen, StrokeColor: chart.ColorGreen}
		}
		bars = append(bars, chart.Value{Label: label, Value: row.NS / 1000, Style: style})
	}
	return chart.BarChart{
		Title: "Microseconds per signed-in request, over the bare handler", Width: 960, Height: 420, BarWidth: 60, BarSpacing: 45,
		Background: chart.Style{Padding: chart.Box{Top: 50, Bottom: 20}}, Bars: bars,
		YAxis: chart.YAxis{ValueFormatter: func(v any) string { return fmt.Sprintf("%.0f µs", v) }},
	}
}
