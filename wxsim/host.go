package wxsim

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A malicious web site can make its own name point to this machine. Then its pages have the same
// origin as those of the simulator. These are the domains that no web site can have, because
// nobody can register them or because they are WeChat's. httptest.NewRequest asks for example.com.
var safeDomains = []string{ //nolint:gochecknoglobals // a constant table
	"localhost", "internal", "local", "lan", "home.arpa", "svc", "test", "example.com",
	"weixin.qq.com",
}

// knownHosts passes on requests whose Host cannot be the name of such a web site: an address, a
// name without a dot as in a network of containers, one of safeDomains, or one of the
// configuration.
func knownHosts(cfg Config, next http.Handler) http.Handler {
	own, _, _ := net.SplitHostPort(cfg.Addr)
	hosts := append(slices.Clone(cfg.Hosts), strings.ToLower(own))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(strings.TrimSuffix((&url.URL{Host: r.Host}).Hostname(), "."))
		known := !strings.Contains(host, ".") || net.ParseIP(host) != nil ||
			slices.Contains(hosts, host) ||
			slices.ContainsFunc(safeDomains, func(domain string) bool {
				return strings.HasSuffix("."+host, "."+domain)
			})
		if !known {
			p := newPage(r)
			writeError(w, http.StatusMisdirectedRequest, p.T(
				"这个域名不是模拟器的。请改用 IP、localhost，或在启动时加上 -hosts（配置文件里是 hosts）",
				"this host name is not the simulator's: use an address or localhost, or start "+
					"it with -hosts (hosts in the file)"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
