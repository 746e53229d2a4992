// Command golang takes goth and silenceper/wechat through their steps against wxsim, and prints one
// line of JSON for each, as the programs beside it do. The environment brings WeChat's hosts to
// wxsim.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// callback is where the login pages send the browser.
const callback = "https://app.example.com/callback?from=wechat"

// A credential is an app at WeChat.
type credential struct{ id, secret string }

func app(prefix string) credential {
	return credential{os.Getenv(prefix + "_APPID"), os.Getenv(prefix + "_SECRET")}
}

func main() {
	trust(os.Getenv("SSL_CERT_FILE"))
	var both sync.WaitGroup
	both.Go(runGoth)
	both.Go(runSilenceper)
	both.Wait()
}

// trust makes http.DefaultTransport, which both clients use, trust the CA of a file. On Linux Go
// itself reads that variable.
func trust(caFile string) {
	pem, err := os.ReadFile(caFile) //nolint:gosec // the test says which
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		panic(fmt.Sprintf("no CA in %q: %v", caFile, err))
	}
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{
		RootCAs: roots, MinVersion: tls.VersionTLS12,
	}
}

// A client is one row of the table.
type client struct{ name string }

// named returns the client of a module, with the version that was built in.
func named(name, module string) client {
	info, _ := debug.ReadBuildInfo()
	i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module })
	return client{name + " " + info.Deps[i].Version[1:]}
}

func (c client) print(fields map[string]any) {
	fields["client"] = c.name
	line, _ := json.Marshal(fields)
	fmt.Printf("%s\n", line) // in one write
}

// step runs one step to its end and prints how it went.
func (c client) step(name string, run func() error) {
	fields := map[string]any{"step": name}
	if err := run(); err != nil {
		fields["error"] = err.Error()
	}
	c.print(fields)
}

// pushes answers WeChat's pushes until the test has sent them all.
func (c client) pushes(app credential, formats, modes []string, h http.HandlerFunc) {
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		c.print(map[string]any{"step": "push", "error": err.Error()})
		return
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go srv.Serve(ln) //nolint:errcheck // it ends with Close
	c.print(map[string]any{
		"step": "push", "url": "http://" + ln.Addr().String() + "/push", "appid": app.id,
		"formats": formats, "modes": modes,
	})
	_, _ = io.Copy(io.Discard, os.Stdin) // the test closes it
	_ = srv.Close()
}

// get asks for a URL and follows no redirect.
func get(address string) (header http.Header, body []byte, err error) {
	//nolint:gosec // loopback, by whatever name
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, nil, err
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.Header, body, err
}

// visit opens a login page of WeChat, as a browser does, and returns the query of the address to
// which the browser is sent back.
func visit(page, state string) (url.Values, error) {
	header, body, err := get(page)
	if err != nil {
		return nil, err
	}
	back, err := url.Parse(header.Get("Location"))
	if err != nil || back.Host == "" {
		return nil, fmt.Errorf("the login page answers %.200q", body)
	}
	query := back.Query()
	if back.Host != "app.example.com" || query.Get("from") != "wechat" ||
		query.Get("state") != state {
		return nil, fmt.Errorf("the browser comes to %s%s with state %q", back.Host, back.Path,
			query.Get("state"))
	}
	return query, nil
}

// onPhone returns what a mini program gets from the phone.
func onPhone(what string) (map[string]string, error) {
	_, body, err := get("http://" + os.Getenv("WXSIM_ADDR") + "/wxsim/" + what)
	if err != nil {
		return nil, err
	}
	got := map[string]string{}
	return got, json.Unmarshal(body, &got)
}

func want(what string, got, want any) error {
	if got != want {
		return fmt.Errorf("%s is %v, want %v", what, got, want)
	}
	return nil
}

func sameFile(got []byte, name string) error {
	content, err := os.ReadFile(name) //nolint:gosec // the test says which
	if err == nil && !bytes.Equal(got, content) {
		err = errors.New("the bytes differ")
	}
	return err
}
