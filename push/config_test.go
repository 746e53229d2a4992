package push_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/push"
)

func TestNewNamesEveryFault(t *testing.T) {
	good := rotating()
	for _, tt := range []struct {
		name   string
		change func(*push.Config)
		want   []string // the fields at fault
	}{
		{"good", func(*push.Config) {}, nil},
		{"no rotation", func(c *push.Config) { c.OldToken, c.OldEncodingAESKey = "", "" }, nil},
		{"WeChat's example key, nothing but A", func(c *push.Config) { c.EncodingAESKey = strings.Repeat("A", 43) }, nil},
		{"no token", func(c *push.Config) { c.Token = "" }, []string{"Token"}},
		{"token too short", func(c *push.Config) { c.Token = "ab" }, []string{"Token"}},
		{"token too long", func(c *push.Config) { c.Token = strings.Repeat("a", 33) }, []string{"Token"}},
		{"longest token", func(c *push.Config) { c.Token = strings.Repeat("a", 32) }, nil},
		{"token with a line end", func(c *push.Config) { c.Token += "\n" }, []string{"Token"}},
		{"token with a hyphen", func(c *push.Config) { c.Token = "my-token" }, []string{"Token"}},
		{"no key", func(c *push.Config) { c.EncodingAESKey = "" }, []string{"EncodingAESKey"}},
		{"key of 42", func(c *push.Config) { c.EncodingAESKey = c.EncodingAESKey[1:] }, []string{"EncodingAESKey"}},
		{"key with its =", func(c *push.Config) { c.EncodingAESKey += "=" }, []string{"EncodingAESKey"}},
		{"key with a line end inside", func(c *push.Config) { c.EncodingAESKey = c.EncodingAESKey[1:] + "\n" }, []string{"EncodingAESKey"}},
		{"no AppID", func(c *push.Config) { c.AppID = "" }, []string{"AppID"}},
		{"AppID with a space", func(c *push.Config) { c.AppID += " " }, []string{"AppID"}},
		{"unknown mode", func(c *push.Config) { c.Mode = 3 }, []string{"Mode"}},
		{"negative mode", func(c *push.Config) { c.Mode = -1 }, []string{"Mode"}},
		{"half a rotation: no old key", func(c *push.Config) { c.OldEncodingAESKey = "" }, []string{"OldEncodingAESKey"}},
		{"half a rotation: no old token", func(c *push.Config) { c.OldToken = "" }, []string{"OldToken"}},
		{"malformed rotation", func(c *push.Config) { c.OldToken, c.OldEncodingAESKey = "!", "!" }, []string{"OldToken", "OldEncodingAESKey"}},
		{"plain wants the token only", func(c *push.Config) { *c = push.Config{Token: "abc", Mode: push.Plain} }, nil},
		{"plain with an old token", func(c *push.Config) { *c = push.Config{Token: "abc", OldToken: "abd", Mode: push.Plain} }, nil},
		{"plain still reads what is set", func(c *push.Config) {
			*c = push.Config{Token: "abc", AppID: "?", EncodingAESKey: "?", Mode: push.Plain}
		}, []string{"EncodingAESKey", "AppID"}},
		{"nothing", func(c *push.Config) { *c = push.Config{} }, []string{"Token", "EncodingAESKey", "AppID"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good
			tt.change(&cfg)
			h, err := push.New(cfg)
			require.Equal(t, len(tt.want) == 0, err == nil)
			require.Equal(t, err != nil, h == nil)
			if err == nil {
				return
			}
			lines := strings.Split(err.Error(), "\n")
			for i, line := range lines {
				if i >= len(tt.want) || !strings.HasPrefix(line, "push: Config."+tt.want[i]+" ") {
					t.Errorf("fault %q, want fields %v", line, tt.want)
				}
			}
			require.Equal(t, len(tt.want), len(lines))
			for _, value := range []string{cfg.Token, cfg.EncodingAESKey, cfg.OldToken, cfg.OldEncodingAESKey} {
				if len(value) > 1 && strings.Contains(err.Error(), value) {
					t.Errorf("the error shows %q", value)
				}
			}
		})
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	cfg := rotating()
	h := newHandler(t, cfg)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{cfg, &cfg, h} {
			text := fmt.Sprintf(verb, value)
			for _, secret := range []string{cfg.Token, cfg.EncodingAESKey, cfg.OldToken, cfg.OldEncodingAESKey} {
				if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
					t.Errorf("%s of %T shows a secret", verb, value)
				}
			}
			require.Contains(t, text, "safe", "%s of %T", verb, value)
		}
	}
}

func TestModeString(t *testing.T) {
	for mode, want := range map[push.Mode]string{push.Safe: "safe", push.Compat: "compat", push.Plain: "plain", 7: "Mode(7)"} {
		require.Equal(t, want, mode.String(), int(mode))
	}
}
