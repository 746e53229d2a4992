package oauth

import (
	"fmt"
	"log/slog"
)

// The types below hold keys, codes or tokens. Printed under any verb, they show none.

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

// Format prints who the token belongs to, and what was granted.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "oauth.Token of %s (%s)", t.OpenID, t.Scope)
}

// LogValue says the same in logs, also in those of JSON. MarshalJSON would not do: tokens are stored.
func (t Token) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Format prints who the parameters are about.
func (p FlowParams) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "oauth.FlowParams of %s (%s)", p.OpenID, p.Scope)
}

// Format prints where the URL will lead.
func (p AuthorizeParams) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "oauth.AuthorizeParams of %s (%s)", p.RedirectURI, p.Scope)
}
