package demo

import (
	"encoding/base64"
	"maps"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var goodKey = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

func getenv(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestNothingSet(t *testing.T) {
	s, err := readSettings(getenv(nil))
	require.NoError(t, err)
	if s.addr != "127.0.0.1:8080" || s.publicURL != "http://127.0.0.1:8080" || s.simAddr != "127.0.0.1:8081" || !s.anyBrowser {
		t.Errorf("settings = %+v", s)
	}
	other, err := readSettings(getenv(nil))
	if err != nil || !s.madeUpKeys || len(s.keys) != 1 || string(s.keys[0]) == string(other.keys[0]) {
		t.Errorf("made-up keys = %x and %x, %v; want two different ones", s.keys, other.keys, err)
	}
}

func TestEverythingSet(t *testing.T) {
	s, err := readSettings(getenv(map[string]string{
		"ADDR": "0.0.0.0:80", "PUBLIC_URL": "https://shop.example.com:8443/club", "APP_NAME": "club", "WXSIM_ADDR": "not looked at",
		"WECHAT_APPID": "wx1", "WECHAT_SECRET": "s1", "WECHAT_WEBSITE_APPID": "wx2", "WECHAT_WEBSITE_SECRET": "s2",
		"WECHAT_MINI_APPID": "wx3", "WECHAT_MINI_SECRET": "s3",
		"WECHAT_API_URL": "http://relay:9000", "WECHAT_OPEN_URL": "https://open.example.com",
		"SESSION_KEYS": goodKey + ", " + goodKey, "PUSH_TOKEN": "token", "PUSH_AES_KEY": "key",
		"REDIS_URL": "redis://user:password@redis:6380/2/",
	}))
	require.NoError(t, err)
	if s.account != (account{"wx1", "s1"}) || s.website != (account{"wx2", "s2"}) || s.mini != (account{"wx3", "s3"}) ||
		s.simAddr != "" || s.anyBrowser || s.madeUpKeys || len(s.keys) != 2 ||
		s.publicURL != "https://shop.example.com:8443/club" || s.base() != "/club" || s.name != "club" || s.apiURL != "http://relay:9000" || s.openURL != "https://open.example.com" {
		t.Errorf("settings = %+v", s)
	}
	if r := s.redis; r == nil || r.InitAddress[0] != "redis:6380" || r.Username != "user" || r.Password != "password" || r.SelectDB != 2 {
		t.Error("REDIS_URL is misread")
	}
}

// With LAN a phone in the same network reaches the app and the simulator over plain http. Without
// any such network the variable is refused.
func TestLAN(t *testing.T) {
	s, err := readSettings(getenv(map[string]string{"LAN": "1", "DESK": "1"}))
	if err != nil {
		if !strings.Contains(err.Error(), "LAN: this machine has no address in a private network") {
			t.Error(err)
		}
		return
	}
	host, _, _ := net.SplitHostPort(s.addr)
	if !net.ParseIP(host).IsPrivate() || s.simAddr != host+":8081" || s.publicURL != "http://"+s.addr || !s.lan || s.anyBrowser {
		t.Errorf("settings = %+v", s)
	}
}

func TestBadVariables(t *testing.T) {
	account := map[string]string{"WECHAT_APPID": "wx1", "WECHAT_SECRET": "s1"}
	for _, tt := range []struct {
		name string
		vars map[string]string
		want string // in the error; it begins with the variable
	}{
		{"address without a port", map[string]string{"ADDR": "127.0.0.1"}, `ADDR="127.0.0.1" is not of the form`},
		{"port by name", map[string]string{"ADDR": "127.0.0.1:http"}, "ADDR="},
		{"any free port, which no browser could know", map[string]string{"ADDR": "127.0.0.1:0"}, "ADDR="},
		{"port out of range", map[string]string{"ADDR": "127.0.0.1:65536"}, "ADDR="},
		{"simulator's address", map[string]string{"WXSIM_ADDR": "8081"}, "WXSIM_ADDR="},
		{"public URL with a query", map[string]string{"PUBLIC_URL": "https://example.com/app?a=1"}, "PUBLIC_URL is not of the form"},
		{"public URL with a slash", map[string]string{"PUBLIC_URL": "https://example.com/"}, "PUBLIC_URL is not"},
		{"public URL with an empty fragment", map[string]string{"PUBLIC_URL": "https://example.com#"}, "PUBLIC_URL is not"},
		{"public URL without a scheme", map[string]string{"PUBLIC_URL": "example.com"}, "PUBLIC_URL is not"},
		{"public URL without a host", map[string]string{"PUBLIC_URL": "https://:443"}, "PUBLIC_URL is not"},
		{"public URL in clear", map[string]string{"PUBLIC_URL": "http://example.com"}, "PUBLIC_URL must be https"},
		{"no public URL for all addresses", map[string]string{"ADDR": ":8080", "SESSION_KEYS": goodKey}, "PUBLIC_URL is needed"},
		{"no public URL for 0.0.0.0", map[string]string{"ADDR": "0.0.0.0:8080", "SESSION_KEYS": goodKey}, "PUBLIC_URL is needed"},
		{"no public URL for an address of the network", map[string]string{"ADDR": "192.168.1.5:8080", "SESSION_KEYS": goodKey}, "PUBLIC_URL is needed"},
		{"no keys for all addresses", map[string]string{"ADDR": ":8080", "PUBLIC_URL": "https://example.com"}, "SESSION_KEYS is needed"},
		{"no keys for an address of the network", map[string]string{"ADDR": "192.168.1.5:8080", "PUBLIC_URL": "https://example.com"}, "SESSION_KEYS is needed"},
		{"key too short", map[string]string{"SESSION_KEYS": goodKey + ",c2hvcnQ="}, "SESSION_KEYS: key 2"},
		{"key that is no base64", map[string]string{"SESSION_KEYS": "%%%"}, "SESSION_KEYS: key 1"},
		{"empty key in the list", map[string]string{"SESSION_KEYS": goodKey + ","}, "SESSION_KEYS: key 2"},
		{"appid without secret", map[string]string{"WECHAT_APPID": "wx1"}, "WECHAT_SECRET is needed"},
		{"secret without appid", map[string]string{"WECHAT_SECRET": "s1"}, "WECHAT_APPID is needed"},
		{"two ways to log in on a desktop", map[string]string{"DESK": "1", "WECHAT_WEBSITE_APPID": "wx2", "WECHAT_WEBSITE_SECRET": "s2"}, "DESK is not for use with"},
		{"a real account over plain http", map[string]string{"LAN": "1", "WECHAT_APPID": "wx1", "WECHAT_SECRET": "s1", "ADDR": "127.0.0.1:8080"}, "LAN"},
		{"half a website app", map[string]string{"WECHAT_WEBSITE_APPID": "wx2"}, "WECHAT_WEBSITE_SECRET is needed"},
		{"the official account as a website app", with(account, "WECHAT_WEBSITE_SECRET", "s2", "WECHAT_WEBSITE_APPID", "wx1"), "WECHAT_WEBSITE_APPID is that of"},
		{"half a mini program", map[string]string{"WECHAT_MINI_SECRET": "s3"}, "WECHAT_MINI_APPID is needed"},
		{"a WeChat elsewhere without an account", map[string]string{"WECHAT_API_URL": "http://127.0.0.1:8081"}, "WECHAT_API_URL needs WECHAT_APPID"},
		{"API URL without a scheme", with(account, "WECHAT_API_URL", "api.weixin.qq.com"), "WECHAT_API_URL is not"},
		{"open URL without a host", with(account, "WECHAT_OPEN_URL", "https://"), "WECHAT_OPEN_URL is not"},
		{"no keys with Redis", map[string]string{"REDIS_URL": "redis://127.0.0.1:6379"}, "SESSION_KEYS is needed with REDIS_URL"},
		{"Redis without a scheme", map[string]string{"REDIS_URL": "127.0.0.1:6379", "SESSION_KEYS": goodKey}, "REDIS_URL is not of the form"},
		{"Redis of another kind", map[string]string{"REDIS_URL": "memcached://127.0.0.1", "SESSION_KEYS": goodKey}, "REDIS_URL is not of the form"},
		{"Redis database by name", map[string]string{"REDIS_URL": "redis://127.0.0.1/main", "SESSION_KEYS": goodKey}, "REDIS_URL is not of the form"},
		{"flag that is no flag", map[string]string{"ANY_BROWSER": "yes"}, "ANY_BROWSER is neither"},
		{"push without a key", map[string]string{"PUSH_TOKEN": "token"}, "PUSH_AES_KEY is needed"},
		{"push without a token", map[string]string{"PUSH_AES_KEY": "key"}, "PUSH_TOKEN is needed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := readSettings(getenv(tt.vars))
			require.Error(t, err, s)
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != 2 || !strings.HasPrefix(lines[1], "  "+tt.want) {
				t.Errorf("readSettings: %v\nwant one fault that begins with %q", err, tt.want)
			}
		})
	}
}

func TestAllFaultsAtOnceAndNoSecret(t *testing.T) {
	const secret = "c2VjcmV0"
	_, err := readSettings(getenv(map[string]string{
		"ADDR": "nowhere", "WECHAT_SECRET": secret, "WECHAT_MINI_SECRET": secret, "SESSION_KEYS": secret, "PUSH_AES_KEY": secret,
		"REDIS_URL": "redis://:" + secret + "@host:port",
	}))
	require.Error(t, err)
	for _, name := range []string{"ADDR", "WECHAT_APPID", "WECHAT_MINI_APPID", "SESSION_KEYS", "PUSH_TOKEN", "REDIS_URL"} {
		require.Contains(t, err.Error(), "\n  "+name, name)
	}
	require.NotContains(t, err.Error(), secret, err)
}

// with adds names and values to a copy of vars.
func with(vars map[string]string, pairs ...string) map[string]string {
	all := maps.Clone(vars)
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}
