package mpauth_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/mpauth"
)

func TestNewRefuses(t *testing.T) {
	good := mpauth.Config{AppID: appID, Secret: appSecret, Keys: [][]byte{key(1)}}
	for _, tt := range []struct {
		name   string
		change func(*mpauth.Config)
		fields []string // named in the error, one line each
	}{
		{"nothing at all", func(cfg *mpauth.Config) { *cfg = mpauth.Config{} }, []string{"AppID", "Secret", "Keys"}},
		{"everything wrong", func(cfg *mpauth.Config) {
			*cfg = mpauth.Config{
				APIURL: "ftp://CANARY", MaxAge: -time.Hour, Keys: [][]byte{[]byte("CANARY")}, Store: sessions.NewCookieStore(key(1)),
			}
		}, []string{"AppID", "Secret", "Keys[0]", "Store", "MaxAge", "APIURL"}},
		{"no AppID", func(cfg *mpauth.Config) { cfg.AppID = "" }, []string{"AppID"}},
		{"no Secret", func(cfg *mpauth.Config) { cfg.Secret = "" }, []string{"Secret"}},
		{"no key, with a store as well", func(cfg *mpauth.Config) { cfg.Keys, cfg.Store = nil, sessions.NewCookieStore(key(1), key(2)) }, []string{"Keys"}},
		{"a second key that is short", func(cfg *mpauth.Config) { cfg.Keys = [][]byte{key(1), key(2)[:31]} }, []string{"Keys[1]"}},
		{"an empty key", func(cfg *mpauth.Config) { cfg.Keys = [][]byte{{}} }, []string{"Keys[0]"}},
		{"a key of zeros", func(cfg *mpauth.Config) { cfg.Keys = [][]byte{make([]byte, 32)} }, []string{"Keys[0]"}},
		{"a line end", func(cfg *mpauth.Config) { cfg.AppID += "\n"; cfg.Secret += "\r\n" }, []string{"AppID", "Secret"}},
		{"nanoseconds", func(cfg *mpauth.Config) { cfg.MaxAge = 30 }, []string{"MaxAge"}},
		{"half a second", func(cfg *mpauth.Config) { cfg.MaxAge = time.Second / 2 }, []string{"MaxAge"}},
		{"a URL with a query", func(cfg *mpauth.Config) { cfg.APIURL = "https://relay.example.com/?CANARY" }, []string{"APIURL"}},
		{"gorilla's cookies in clear", func(cfg *mpauth.Config) { cfg.Store = sessions.NewCookieStore(key(1)) }, []string{"Store"}},
		{"gorilla's cookies with a plain first pair", func(cfg *mpauth.Config) { cfg.Store = sessions.NewCookieStore(key(1), nil, key(2), key(3)) }, []string{"Store"}},
		{"gorilla's cookies without any key", func(cfg *mpauth.Config) { cfg.Store = sessions.NewCookieStore() }, []string{"Store"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good
			tt.change(&cfg)
			a, err := mpauth.New(cfg)
			require.Nil(t, a)
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Equal(t, len(tt.fields), len(lines), err)
			for i, field := range tt.fields {
				if !strings.HasPrefix(lines[i], "mpauth: Config."+field+" ") {
					t.Errorf("fault %d = %q, want one about %s", i, lines[i], field)
				}
			}
			require.NotContains(t, err.Error(), "CANARY", err)
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for name, change := range map[string]func(*mpauth.Config){
		"the required fields":             func(*mpauth.Config) {},
		"longer keys":                     func(cfg *mpauth.Config) { cfg.Keys = [][]byte{bytes.Repeat(key(1), 2), bytes.Repeat(key(2), 9)} },
		"gorilla's cookies, sealed":       func(cfg *mpauth.Config) { cfg.Store = sessions.NewCookieStore(key(1), key(2)) },
		"a store that we know nothing of": func(cfg *mpauth.Config) { cfg.Store = plain{files(t)} },
		"a relay":                         func(cfg *mpauth.Config) { cfg.APIURL = "http://relay.internal:8080/wechat/" },
		"a second":                        func(cfg *mpauth.Config) { cfg.MaxAge = time.Second },
		"for ever":                        func(cfg *mpauth.Config) { cfg.MaxAge = 1<<63 - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuth(t, answering(goodLogin), change)
			wantAdmitted(t, a, login(t, a))
		})
	}
}

// New reads its Config once; what happens to it later is nobody's business.
func TestNewCopiesItsConfig(t *testing.T) {
	cfg := mpauth.Config{
		AppID: appID, Secret: appSecret, Keys: [][]byte{key(1)}, HTTPClient: &http.Client{Transport: answering(goodLogin)},
		Logger: slog.New(slog.DiscardHandler),
	}
	a, err := mpauth.New(cfg)
	require.NoError(t, err)
	token := login(t, a)
	clear(cfg.Keys[0])
	cfg.HTTPClient.Transport = failing{context.Canceled}
	wantAdmitted(t, a, token)
	login(t, a)
}

func TestWithoutALogger(t *testing.T) {
	a := newAuth(t, answering(goodLogin), func(cfg *mpauth.Config) { cfg.Logger = nil })
	if s, _ := admit(t, a, visit(t, "x")); s != nil {
		t.Error("admitted")
	}
}
