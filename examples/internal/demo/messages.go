package demo

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"github.com/wxoauth/wxoauth/push"
)

// newPush receives the messages of the mini program, or of the official account if there is no
// mini program. It writes to the log what an app would do about them. A nil seen remembers in this
// process what was handled.
func newPush(s *settings, seen push.Seen) (*push.Handler, error) {
	todo := func(what string) func(context.Context, *push.AuthorizationChange) error {
		return func(ctx context.Context, c *push.AuthorizationChange) error {
			slog.InfoContext(ctx, "a user changed what the app may know", "todo", what, "openid", c.OpenID, "revoked", c.RevokeInfo)
			return nil
		}
	}
	h, err := push.New(push.Config{
		Token: s.pushToken, EncodingAESKey: s.pushAESKey, AppID: cmp.Or(s.mini.appID, s.account.appID),
		Seen: seen,
		OnMediaCheck: func(ctx context.Context, c *push.MediaCheck) error {
			slog.InfoContext(ctx, "a media check has ended", "trace_id", c.TraceID, "passed", c.Passed())
			return nil
		},
		OnAuthorizationRevoke:       todo("delete the data that was withdrawn"),
		OnAuthorizationCancellation: todo("delete all data of the user"),
		OnUserInfoModified:          todo("fetch nickname and avatar again"),
		OnAny: func(ctx context.Context, m *push.Message) (*push.Reply, error) {
			slog.InfoContext(ctx, "a message", "type", m.MsgType, "event", m.Event)
			return nil, nil //nolint:nilnil // nothing to reply
		},
	})
	if err != nil {
		return nil, fmt.Errorf("PUSH_TOKEN and PUSH_AES_KEY: %w", err)
	}
	return h, nil
}
