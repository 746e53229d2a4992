package mpapi_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/wxoauth/wxoauth/mpapi"
)

func messageCases() []apiCase {
	const create = "GET /cgi-bin/message/wxopen/activityid/create"
	const update = "POST /cgi-bin/message/wxopen/updatablemsg/send"
	created := &mpapi.Activity{ActivityID: "ACTIVITYID", Expiry: time.Unix(1700000000, 0)}
	change := func(req mpapi.SetUpdatableMsgRequest) func(context.Context, *mpapi.Client) (any, error) {
		return func(ctx context.Context, c *mpapi.Client) (any, error) {
			return nil, c.Message.SetUpdatableMsg(ctx, req)
		}
	}
	return []apiCase{
		{
			name: "an activity",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Message.CreateActivityID(ctx, mpapi.CreateActivityIDRequest{})
			},
			op:     create,
			answer: `{"activity_id":"ACTIVITYID","expiration_time":1700000000,"errcode":0,"errmsg":"ok"}`,
			want:   created,
		},
		{
			name: "an activity for one user",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Message.CreateActivityID(ctx, mpapi.CreateActivityIDRequest{OpenID: "o-1"})
			},
			op:     create,
			query:  url.Values{"openid": {"o-1"}},
			answer: `{"activity_id":"ACTIVITYID","expiration_time":1700000000}`,
			want:   created,
		},
		{
			name: "an activity for one union ID, with the time as a string",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Message.CreateActivityID(ctx, mpapi.CreateActivityIDRequest{UnionID: "u1"})
			},
			op:     create,
			query:  url.Values{"unionid": {"u1"}},
			answer: `{"activity_id":"ACTIVITYID","expiration_time":"1700000000","errcode":"0"}`,
			want:   created,
		},
		{
			name: "not started",
			call: change(mpapi.SetUpdatableMsgRequest{
				ActivityID: "966_NGiqxxx", TargetState: mpapi.TargetNotStarted,
				TemplateInfo: mpapi.TemplateInfo{MemberCount: 2, RoomLimit: 5},
			}),
			op:     update,
			body:   `{"activity_id":"966_NGiqxxx","target_state":0,"template_info":{"parameter_list":[{"name":"member_count","value":"2"},{"name":"room_limit","value":"5"}]}}`,
			answer: `{"errcode":0,"errmsg":"ok"}`,
		},
		{
			name: "started, with parameters of other names",
			call: change(mpapi.SetUpdatableMsgRequest{
				ActivityID: "A", TargetState: mpapi.TargetStarted,
				TemplateInfo: mpapi.TemplateInfo{Path: "pages/room?a=1&b=<2>", VersionType: "release", Extra: map[string]string{"z": "1", "a": ""}},
			}),
			op: update,
			body: `{"activity_id":"A","target_state":1,"template_info":{"parameter_list":[{"name":"path","value":"pages/room?a=1&b=<2>"},` +
				`{"name":"version_type","value":"release"},{"name":"a","value":""},{"name":"z","value":"1"}]}}`,
			answer: `{"errcode":0,"errmsg":"ok"}`,
		},
	}
}

func TestMessage(t *testing.T) { run(t, messageCases()) }
