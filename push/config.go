package push

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"

	"github.com/wxoauth/wxoauth/internal/faults"
	"github.com/wxoauth/wxoauth/internal/subject"
)

// Mode is the way of sending messages that is chosen in WeChat's console.
type Mode int

const (
	// Safe takes encrypted messages only. Replies are encrypted.
	Safe Mode = iota
	// Compat is for accounts that get each message twice in one body, plain and encrypted. Only
	// the encrypted half is read, because the plain one is not signed. Replies are encrypted.
	Compat
	// Plain takes unencrypted messages. The signature then does not cover the body: whoever has
	// seen one request can send another body with its signature. Do not use it over http, nor for
	// anything that matters.
	Plain
)

// String returns the name of the mode as the console has it in English.
func (m Mode) String() string {
	switch m {
	case Safe:
		return "safe"
	case Compat:
		return "compat"
	case Plain:
		return "plain"
	}
	return fmt.Sprintf("Mode(%d)", int(m))
}

// Config describes the push settings of one account. What is set in WeChat's console must be the
// same here.
type Config struct {
	Token          string // 3 to 32 letters and digits; required
	EncodingAESKey string // 43 characters; required, except in Plain mode
	AppID          string // of the account; required, except in Plain mode
	Mode           Mode   // default Safe

	// OldToken and OldEncodingAESKey are accepted as well while a change in the console takes
	// effect. Set both, even if one of them stays the same (in Plain mode only the token).
	OldToken, OldEncodingAESKey string

	// Seen remembers which messages were handled. The default remembers the last 65,536 in this
	// process; share one between processes that serve the same account.
	Seen Seen

	// The callbacks. Their context has the values of the request's, but ends 60 seconds after the
	// call and not with the request. An error is logged and makes WeChat send the message again.
	//
	// OnMediaCheck gets the result of mpapi's MediaCheckAsync.
	OnMediaCheck func(context.Context, *MediaCheck) error
	// OnAuthorizationRevoke has to delete the data that the user withdrew.
	OnAuthorizationRevoke func(context.Context, *AuthorizationChange) error
	// OnAuthorizationCancellation has to delete all data of a user whose WeChat account is closed.
	OnAuthorizationCancellation func(context.Context, *AuthorizationChange) error
	// OnUserInfoModified has to fetch nickname and avatar again, or to clear them.
	OnUserInfoModified func(context.Context, *AuthorizationChange) error
	// OnAny gets every message that has no callback of its own. A nil *Reply answers with success,
	// and so are such messages answered if OnAny is nil.
	OnAny func(context.Context, *Message) (*Reply, error)

	Logger *slog.Logger // default slog.Default(); ordinary traffic writes nothing above Debug
}

// Format writes only the AppID and the mode, whatever the verb, because the rest is secret.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "push.Config of %s (%s)", c.AppID, c.Mode)
}

// Format prints the mode, under every verb.
func (h *Handler) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "push.Handler (%s)", h.mode) }

var (
	tokenPattern  = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	aesKeyPattern = regexp.MustCompile(`^[0-9A-Za-z+/]{43}$`)
)

func (c *Config) check() error {
	wrong := faults.In("push: Config.")
	const (
		form32 = "must be 3 to 32 letters and digits"
		form43 = "must be the 43 characters of the console"
	)
	sealed := c.Mode != Plain
	rotating := c.OldToken != "" || c.OldEncodingAESKey != ""
	wrong.If(!tokenPattern.MatchString(c.Token), "Token", form32)
	wrong.If((sealed || c.EncodingAESKey != "") && !aesKeyPattern.MatchString(c.EncodingAESKey),
		"EncodingAESKey", form43)
	wrong.If((sealed || c.AppID != "") && !subject.ValidID(c.AppID), "AppID",
		"must be the AppID of the account, 1 to 64 letters, digits, - and _")
	wrong.If(c.Mode < Safe || c.Mode > Plain, "Mode", "must be Safe, Compat or Plain")
	wrong.If(c.OldToken != "" && !tokenPattern.MatchString(c.OldToken), "OldToken", form32)
	wrong.If(c.OldEncodingAESKey != "" && !aesKeyPattern.MatchString(c.OldEncodingAESKey),
		"OldEncodingAESKey", form43)
	wrong.If(rotating && c.OldToken == "", "OldToken",
		"must be set with OldEncodingAESKey; repeat Token if it stays the same")
	wrong.If(rotating && sealed && c.OldEncodingAESKey == "", "OldEncodingAESKey",
		"must be set with OldToken; repeat EncodingAESKey if it stays the same")
	return wrong.Err()
}
