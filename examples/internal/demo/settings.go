package demo

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/core"
)

// settings is the environment, checked.
type settings struct {
	addr      string // ADDR
	publicURL string // PUBLIC_URL
	simAddr   string // WXSIM_ADDR; empty: the real WeChat, or a simulator elsewhere
	simulator string // the URL of the one inside this process, once it runs

	account, website, mini account
	apiURL, openURL        string // WECHAT_API_URL, WECHAT_OPEN_URL; empty: the real WeChat
	anyBrowser             bool   // ANY_BROWSER
	desk                   bool   // DESK
	lan                    bool   // LAN
	trustCloudHeaders      bool   // TRUST_CLOUD_HEADERS

	askAtOnce                      bool   // ASK_AT_ONCE
	purpose, privacyURL, brandName string // PURPOSE, PRIVACY_URL, BRAND_NAME
	name                           string // APP_NAME

	keys       [][]byte // SESSION_KEYS
	madeUpKeys bool
	redis      *rueidis.ClientOption // REDIS_URL; nil: none

	pushToken, pushAESKey string // PUSH_TOKEN, PUSH_AES_KEY
}

// base is the path of PUBLIC_URL, which a proxy strips; mostly empty.
func (s *settings) base() string {
	_, rest, _ := strings.Cut(s.publicURL, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

// An account is an appid and its secret; the zero value is none.
type account struct {
	appID  string
	secret core.Secret
}

const keySize = 32 // bytes

// readSettings reads the variables that getenv knows. All faults are joined; each names its
// variable, and none shows a value that could be secret.
func readSettings(getenv func(string) string) (*settings, error) {
	env := environment{getenv: getenv}
	lan := ""
	if env.flag("LAN", false) {
		lan = env.lanHost()
	}
	s := &settings{
		addr:    env.address("ADDR", cmp.Or(lan, "127.0.0.1")+":8080", 1),
		lan:     lan != "",
		desk:    env.flag("DESK", false),
		account: env.account("WECHAT_APPID", "WECHAT_SECRET"),
		website: env.account("WECHAT_WEBSITE_APPID", "WECHAT_WEBSITE_SECRET"),
		mini:    env.account("WECHAT_MINI_APPID", "WECHAT_MINI_SECRET"),
		apiURL:  env.url("WECHAT_API_URL"),
		openURL: env.url("WECHAT_OPEN_URL"),

		purpose:    getenv("PURPOSE"),
		privacyURL: getenv("PRIVACY_URL"),
		brandName:  getenv("BRAND_NAME"),
		name:       getenv("APP_NAME"),

		pushToken:  getenv("PUSH_TOKEN"),
		pushAESKey: getenv("PUSH_AES_KEY"),
	}
	env.refuse(s.website.appID != "" && s.website.appID == s.account.appID,
		"WECHAT_WEBSITE_APPID is that of the official account: a website app has its own")
	env.refuse(s.desk && s.website != account{},
		"DESK is not for use with WECHAT_WEBSITE_APPID: both are ways to log in on a desktop")
	s.publicURL = env.publicURL(s.addr, s.lan)
	simulated := s.account == account{}
	env.refuse(s.lan && !simulated, "LAN is for the simulated WeChat: what goes over plain http "+
		"can be read by everybody in the network")
	if simulated {
		s.simAddr = env.address("WXSIM_ADDR", cmp.Or(lan, "127.0.0.1")+":8081", 0)
		for _, name := range []string{"WECHAT_API_URL", "WECHAT_OPEN_URL"} {
			env.refuse(getenv(name) != "",
				name+" needs WECHAT_APPID: without it WeChat is simulated inside this process")
		}
	}
	s.anyBrowser = env.flag("ANY_BROWSER", simulated && !s.desk)
	s.askAtOnce = env.flag("ASK_AT_ONCE", false)
	s.trustCloudHeaders = env.flag("TRUST_CLOUD_HEADERS", false)
	s.keys = env.keys("SESSION_KEYS")
	s.redis = env.redis("REDIS_URL")
	if len(s.keys) == 0 {
		env.refuse(s.redis != nil, "SESSION_KEYS is needed with REDIS_URL: all processes must "+
			"have the same"+howToMakeKeys)
		env.refuse(!onLoopback(s.addr) && !s.lan,
			"SESSION_KEYS is needed: ADDR is not only for this machine, so others will log in "+
				"and expect to stay so"+howToMakeKeys)
		s.keys, s.madeUpKeys = [][]byte{make([]byte, keySize)}, true
		_, _ = rand.Read(s.keys[0]) // never fails
	}
	env.refuse(s.pushToken != "" && s.pushAESKey == "",
		"PUSH_AES_KEY is needed with PUSH_TOKEN: the EncodingAESKey of WeChat's console")
	env.refuse(s.pushToken == "" && s.pushAESKey != "",
		"PUSH_TOKEN is needed with PUSH_AES_KEY: the Token of WeChat's console")
	if len(env.faults) > 0 {
		return nil, fmt.Errorf("the environment cannot work:\n%w", errors.Join(env.faults...))
	}
	return s, nil
}

const howToMakeKeys = "; make one with: openssl rand -base64 32"

// An environment reads variables and collects what is wrong with them.
type environment struct {
	getenv func(string) string
	faults []error
}

func (e *environment) refuse(when bool, fault string) {
	if when {
		e.faults = append(e.faults, errors.New("  "+fault))
	}
}

// address is host:port with a port that is at least minPort; 0 is any free one. A bad one is
// replaced, so that it is one fault and not three.
func (e *environment) address(name, fallback string, minPort int) string {
	value := cmp.Or(e.getenv(name), fallback)
	_, port, err := net.SplitHostPort(value)
	n, portErr := strconv.Atoi(port)
	if err != nil || portErr != nil || n < minPort || n > 65535 {
		e.refuse(true, fmt.Sprintf("%s=%q is not of the form host:port, as in %s", name, value,
			fallback))
		return fallback
	}
	return value
}

func (e *environment) url(name string) string {
	value := e.getenv(name)
	if value != "" {
		e.refuse(core.CheckURL(name, value) != nil, name+" is not of the form https://host")
	}
	return value
}

// publicURL is checked here although oauth.New does it too: that knows no variables to name.
func (e *environment) publicURL(addr string, lan bool) string {
	value := e.getenv("PUBLIC_URL")
	if value == "" {
		e.refuse(!onLoopback(addr) && !lan,
			"PUBLIC_URL is needed: ADDR is not only for this machine, and elsewhere browsers "+
				"come by https")
		return "http://" + addr
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" ||
		value != u.Scheme+"://"+u.Host+u.Path || strings.HasSuffix(u.Path, "/"):
		e.refuse(true, "PUBLIC_URL is not of the form https://host[:port][/path], with nothing "+
			"behind")
	case u.Scheme == "http" && !lan:
		e.refuse(!isLoopback(u.Hostname()),
			"PUBLIC_URL must be https, unless its host is this machine: whoever sees the "+
				"traffic could take over accounts")
	}
	return value
}

// account reads two variables that make sense only together.
func (e *environment) account(idName, secretName string) account {
	a := account{e.getenv(idName), core.Secret(e.getenv(secretName))}
	e.refuse(a.appID != "" && a.secret == "", secretName+" is needed with "+idName)
	e.refuse(a.appID == "" && a.secret != "", idName+" is needed with "+secretName)
	return a
}

func (e *environment) flag(name string, fallback bool) bool {
	value := e.getenv(name)
	if value == "" {
		return fallback
	}
	on, err := strconv.ParseBool(value)
	e.refuse(err != nil, name+" is neither 0 nor 1")
	return on
}

func (e *environment) keys(name string) (keys [][]byte) {
	value := e.getenv(name)
	if value == "" {
		return nil
	}
	for i, text := range strings.Split(value, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		e.refuse(err != nil || len(key) < keySize,
			fmt.Sprintf("%s: key %d is not the base64 of %d random bytes%s", name, i+1, keySize,
				howToMakeKeys))
		keys = append(keys, key)
	}
	return keys
}

// redis shows no error of the parser: it would have the password in it.
func (e *environment) redis(name string) *rueidis.ClientOption {
	value := e.getenv(name)
	if value == "" {
		return nil
	}
	option, err := rueidis.ParseURL(strings.TrimSuffix(value, "/"))
	e.refuse(err != nil, name+" is not of the form redis://[user:password@]host:port[/number]")
	return &option
}

// lanHost is this machine's address in its network, where a phone can reach it.
func (e *environment) lanHost() string {
	addresses, err := net.InterfaceAddrs()
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.IsPrivate() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	e.refuse(true, fmt.Sprintf("LAN: this machine has no address in a private network (%v)", err))
	return ""
}

// onLoopback reports whether only this machine can reach addr.
func onLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	return isLoopback(host)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}
