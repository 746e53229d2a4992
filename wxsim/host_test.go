package wxsim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/wxsim"
)

// A page whose site makes its name lead to this machine is of the simulator's origin, as far as the
// browser knows.
func TestOnlyKnownHostsAreAnswered(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Addr: "Sim.example.com:8081", Hosts: []string{"wxsim.ci.example.com"}})
	for _, known := range []string{
		"", "127.0.0.1:8081", "192.168.1.5:8081", "[::1]:8081", "[fe80::1]", "localhost", "LOCALHOST:80", "localhost.:80", "a.localhost",
		"wxsim:443", "wxsim.default.svc.cluster.local",
		"wxsim.default.svc", "example.com", "my-mac.local:8081", "my-mac.lan", "my-mac.home.arpa", "host.docker.internal:8081", "api.weixin.qq.com", "shop.test",
		"sim.example.com:8081", "wxsim.ci.example.com", "WXSIM.ci.example.com:80",
	} {
		for _, path := range []string{"/", "/wxsim/api/apps", "/wxsim/js_code"} {
			r := request(http.MethodGet, path, "")
			if r.Host = known; do(sim, r).Code != http.StatusOK {
				t.Errorf("GET %s at %q is refused", path, known)
			}
		}
	}
	for _, rebound := range []string{
		"evil.example", "evil.example:8081", "evil.example.:8081", "127.0.0.1.evil.example:8081", "localhost.evil.example", "evilexample.com",
		"weixin.qq.com.evil.example", "evilweixin.qq.com", "evil-localhost.example", "1.2.3.4.5", "[::1].evil.example",
	} {
		for _, r := range []*http.Request{
			request(http.MethodGet, "/", ""),
			request(http.MethodGet, "/wxsim/api/apps", ""),
			request(http.MethodGet, "/wxsim/js_code", ""),
			request(http.MethodPost, "/wxsim/api/reset", ""),
			request(http.MethodPost, "/wxsim/consent", ""),
		} {
			r.Host = rebound
			r.Header.Set("Origin", "http://"+rebound)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			w := do(sim, r)
			if body := w.Body.String(); w.Code != http.StatusMisdirectedRequest || !strings.Contains(body, "-hosts") || strings.Contains(body, sim.Secret()) {
				t.Errorf("%s %s at %s: %d %s", r.Method, r.URL, rebound, w.Code, body)
			}
		}
	}
}
