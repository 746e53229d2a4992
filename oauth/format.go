package oauth

import (
	"fmt"
	"log/slog"
)

// The types below contain keys, codes or tokens, which are not printed, whatever the verb.

// Format prints the account's AppID.
func (cfg Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "oauth.Config of ", cfg.AppID)
}

// Format prints the account's AppID.
func (a *Auth) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "oauth.Auth of ", a.cfg.AppID) }

// Format prints the account's AppID.
func (c Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "oauth.Client of ", c.api.AppID())
}

// Format writes whose token it is, and its scope.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "oauth.Token of %s (%s)", t.OpenID, t.Scope)
}

// LogValue makes log/slog write the same, also in JSON. There is no MarshalJSON for that, because
// programs store tokens as JSON.
func (t Token) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Format writes the OpenID.
func (p FlowParams) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "oauth.FlowParams of %s (%s)", p.OpenID, p.Scope)
}

// Format writes the RedirectURI and the scope.
func (p AuthorizeParams) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "oauth.AuthorizeParams of %s (%s)", p.RedirectURI, p.Scope)
}
