package main

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net"
	"strings"

	"github.com/wxoauth/wxoauth/core"
)

// settings is what the environment says. The packages that are given it check the rest.
type settings struct {
	addr    string // ADDR
	simAddr string // WXSIM_ADDR
	// PUBLIC_URL: where WeChat downloads pictures; empty: the address that is listened on.
	publicURL string

	appID  string      // WECHAT_MINI_APPID
	secret core.Secret // WECHAT_MINI_SECRET
	apiURL string      // WECHAT_API_URL; empty: the real WeChat

	keys       [][]byte // SESSION_KEYS
	madeUpKeys bool

	// PUSH_TOKEN, PUSH_AES_KEY; without them there are no messages and no checks of pictures.
	pushToken, pushAESKey string
}

// simulated says that there is no account, so that WeChat has to be simulated.
func (s *settings) simulated() bool { return s.appID == "" && s.secret == "" && s.apiURL == "" }

func readSettings(getenv func(string) string) (*settings, error) {
	s := &settings{
		addr:       cmp.Or(getenv("ADDR"), "127.0.0.1:8080"),
		simAddr:    cmp.Or(getenv("WXSIM_ADDR"), "127.0.0.1:8081"),
		publicURL:  strings.TrimSuffix(getenv("PUBLIC_URL"), "/"),
		appID:      getenv("WECHAT_MINI_APPID"),
		secret:     core.Secret(getenv("WECHAT_MINI_SECRET")),
		apiURL:     getenv("WECHAT_API_URL"),
		pushToken:  getenv("PUSH_TOKEN"),
		pushAESKey: getenv("PUSH_AES_KEY"),
	}
	host, _, _ := net.SplitHostPort(s.addr)
	ip := net.ParseIP(host)
	local := host == "localhost" || (ip != nil && ip.IsLoopback())
	keys := getenv("SESSION_KEYS")
	switch {
	case s.publicURL != "" && core.CheckURL("PUBLIC_URL", s.publicURL) != nil:
		return nil, errors.New("PUBLIC_URL is not of the form https://host[:port]")
	case s.publicURL == "" && !local:
		return nil, errors.New(
			"PUBLIC_URL is needed: ADDR names no host that WeChat could download pictures from",
		)
	case keys == "" && !local:
		return nil, errors.New(
			"SESSION_KEYS is needed: ADDR is not only for this machine, so users expect to stay " +
				"signed in" + howToMakeKeys,
		)
	case keys == "":
		s.keys, s.madeUpKeys = [][]byte{make([]byte, 32)}, true
		_, _ = rand.Read(s.keys[0]) // it never fails
		return s, nil
	}
	for text := range strings.SplitSeq(keys, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, errors.New("SESSION_KEYS is not a comma list of base64" + howToMakeKeys)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

const howToMakeKeys = "; make one with: openssl rand -base64 32"
