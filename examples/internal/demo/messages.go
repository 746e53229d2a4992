package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// newPush receives the messages of the mini program, or of the official account if there is no
// mini program. Who withdraws consent is signed out everywhere; what else an app would do goes to
// the log, without a word about whom. A nil seen remembers in this process what was handled.
func newPush(s *settings, seen push.Seen, ends map[string]EndSessions) (*push.Handler, error) {
	todo := func(what string) func(context.Context, *push.AuthorizationChange) error {
		return func(ctx context.Context, c *push.AuthorizationChange) error {
			slog.InfoContext(ctx, "a user changed what the app may know",
				"todo", what, "revoked", c.RevokeInfo)
			return nil
		}
	}
	type onChange = func(context.Context, *push.AuthorizationChange) error
	signOut := func(then onChange) onChange {
		return func(ctx context.Context, c *push.AuthorizationChange) error {
			if end := ends[c.AppID]; end != nil && c.OpenID != "" {
				err := end(ctx, c.OpenID)
				if errors.Is(err, sessionstore.ErrUnsupported) {
					slog.WarnContext(ctx, "sessions in cookies cannot be ended: "+
						"the user stays signed in; set REDIS_URL")
				} else if err != nil {
					return err // WeChat sends the message again
				}
			}
			return then(ctx, c)
		}
	}
	h, err := push.New(push.Config{
		Token: s.pushToken, EncodingAESKey: s.pushAESKey,
		AppID: cmp.Or(s.mini.appID, s.account.appID),
		Seen:  seen,
		OnMediaCheck: func(ctx context.Context, c *push.MediaCheck) error {
			slog.InfoContext(ctx, "a media check has ended",
				"trace_id", c.TraceID, "passed", c.Passed())
			return nil
		},
		OnAuthorizationRevoke:       signOut(todo("delete the data that was withdrawn")),
		OnAuthorizationCancellation: signOut(todo("delete all data of the user")),
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
