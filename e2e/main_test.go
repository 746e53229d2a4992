package e2e

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// What TestMain prepares for all tests.
var (
	binaries string           // folder of the three examples
	trap     *httptest.Server // answers for every host but this machine
	chromium context.Context  // the browser; each test gets a profile of its own in it
	axe      string           // the source of axe-core, or ""
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	path := findBrowser()
	if path == "" {
		fmt.Fprintln(os.Stderr, "e2e: found none of", browsers)
		if os.Getenv("WXOAUTH_NO_SKIP") == "1" {
			return 1
		}
		return m.Run() // every test skips itself
	}
	dir, err := os.MkdirTemp("", "wxoauth-e2e")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binaries = dir
	build := exec.Command("go", "build", "-o", dir+"/", "./examples/nethttp", "./examples/chi", "./examples/gin")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}

	if file := os.Getenv("AXE"); file != "" {
		source, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		axe = string(source)
	}

	trap = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<h1>the trap caught %s</h1>", html.EscapeString(r.Host))
	}))
	defer trap.Close()

	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // containers seldom allow one
		chromedp.Flag("headless", "new"),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("ignore-certificate-errors", true), // of the tests' own servers
		// lan.test is not this machine, for what browsers do only with such. Who leaves both ends up in the trap.
		chromedp.Flag("host-resolver-rules", "MAP lan.test 127.0.0.1, MAP *.lan.test 127.0.0.1, MAP * "+trap.Listener.Addr().String()+", EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	browser, quit := chromedp.NewContext(allocator)
	defer quit()
	if err := chromedp.Do(browser); err != nil { // the browser lives as long as this context
		panic(err)
	}
	chromium = browser //nolint:fatcontext // a chromedp context is the browser
	return m.Run()
}

var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// findBrowser returns "" where there is none.
func findBrowser() string {
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	for _, app := range []string{"Chromium", "Google Chrome"} { // macOS
		path := "/Applications/" + app + ".app/Contents/MacOS/" + app
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
