package core

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// verbs are all of package fmt, with every flag. %p and %w are not among them: they take no
// string, vet refuses them, and fmt then prints the value without asking its type.
func verbs() []string {
	var all []string
	for _, flag := range []string{"", "+", "#", "-", " ", "0", "64", ".3", "-64.40", "+#"} {
		for _, verb := range "vTtbcdoOqxXUeEfFgGs" {
			all = append(all, "%"+flag+string(verb))
		}
	}
	return append(all, "%z", "%!")
}

func TestSecretIsNeverPrinted(t *testing.T) {
	secret := Secret(testSecret)
	type config struct {
		Name   string
		Secret Secret
		More   *Secret
	}
	for name, value := range map[string]any{
		"secret":   secret,
		"pointer":  &secret,
		"field":    config{"a", secret, &secret},
		"slice":    []Secret{secret},
		"map":      map[string]Secret{"a": secret},
		"any":      []any{secret},
		"settings": ClientConfig{AppID: testAppID, Secret: secret},
	} {
		expectShowsNoSecret(t, name, value)
	}
	if got := fmt.Sprintf("%s %v %q %x", secret, secret, secret, secret); got != strings.TrimSpace(strings.Repeat("[redacted] ", 4)) {
		t.Errorf("printed %q", got)
	}
	require.Equal(t, "[redacted]", secret.String())
}

// expectShowsNoSecret prints and logs a value in every way.
func expectShowsNoSecret(t *testing.T, name string, value any) {
	t.Helper()
	for _, verb := range verbs() {
		expectNoSecret(t, name+" "+verb, fmt.Sprintf(verb, value))
	}
	expectNoSecret(t, name+" Sprint", fmt.Sprint(value))
	expectNoSecret(t, name+" Sprintln", fmt.Sprintln(value))
	var logs bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logs, nil), slog.NewJSONHandler(&logs, nil)} {
		slog.New(handler).Info("hello", "value", value, slog.Group("g", "value", value))
	}
	expectNoSecret(t, name+" slog", logs.String())
}

func expectNoSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, canary := range []string{testSecret, fmt.Sprintf("%x", testSecret), fmt.Sprintf("%X", testSecret), fmt.Sprintf("% x", testSecret), testSecret[:12], "canary"} {
		require.NotContains(t, text, canary, where)
	}
}

func TestSecretIsNeverMarshalled(t *testing.T) {
	type config struct {
		XMLName xml.Name          `json:"-"`
		Attr    Secret            `xml:"attr,attr"`
		Secret  Secret            `xml:"secret"`
		Empty   *Secret           `xml:"empty"`
		ByName  map[string]Secret `xml:"-"`
	}
	cfg := config{Attr: testSecret, Secret: testSecret, ByName: map[string]Secret{"a": testSecret}}
	got, err := json.Marshal(cfg)
	if want := `{"Attr":"[redacted]","Secret":"[redacted]","Empty":null,"ByName":{"a":"[redacted]"}}`; err != nil || string(got) != want {
		t.Errorf("JSON = %s, %v; want %s", got, err, want)
	}
	got, err = xml.Marshal(cfg)
	if want := `<config attr="[redacted]"><secret>[redacted]</secret></config>`; err != nil || string(got) != want {
		t.Errorf("XML = %s, %v; want %s", got, err, want)
	}
}

func TestSecretIsReadFromJSON(t *testing.T) {
	var cfg struct{ Secret Secret }
	if err := json.Unmarshal([]byte(`{"Secret":"`+testSecret+`"}`), &cfg); err != nil || string(cfg.Secret) != testSecret {
		t.Errorf("Unmarshal = %d bytes, %v", len(cfg.Secret), err)
	}
}

// What holds a secret or a token must not show it either: fmt prints unexported fields raw.
func TestClientIsPrintedWithoutSecrets(t *testing.T) {
	api := &weChat{}
	cache := NewMemoryCache()
	c := newTestClient(t, api, func(cfg *ClientConfig) { cfg.Cache = cache })
	token, _, err := c.AccessToken(t.Context())
	require.NoError(t, err)
	c.tokens.Refused(t.Context(), token) // a refused token may still live for others
	for name, value := range map[string]any{
		"client": c, "client by value": *c, "tokens": c.tokens, "cache": cache, "static": StaticToken(token),
	} {
		expectShowsNoSecret(t, name, value)
	}
}
