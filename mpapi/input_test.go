package mpapi_test

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/mpapi"
)

// wantInputError checks that err is all the faults in want, and that no call was spent.
func wantInputError(t *testing.T, w *wechat, err error, want string) {
	t.Helper()
	_, typed := errors.AsType[*mpapi.InputError](err)
	if !typed || strings.ReplaceAll(err.Error(), "mpapi: ", "") != want {
		t.Errorf("error = %v; want %s", err, want)
	}
	require.Empty(t, w.seen)
}

func TestInput(t *testing.T) {
	type call = func(context.Context, *mpapi.Client) error
	crop := func(img mpapi.Image, ratios ...float64) call {
		return func(ctx context.Context, c *mpapi.Client) error {
			_, err := c.Image.AICrop(ctx, img, ratios...)
			return err
		}
	}
	idCard := func(img mpapi.Image) call {
		return func(ctx context.Context, c *mpapi.Client) error { _, err := c.OCR.IDCard(ctx, img); return err }
	}
	text := func(change func(*mpapi.MsgSecCheckRequest)) call {
		req := mpapi.MsgSecCheckRequest{OpenID: "o1", Scene: 2, Content: "hi"}
		change(&req)
		return func(ctx context.Context, c *mpapi.Client) error {
			_, err := c.Security.MsgSecCheck(ctx, req)
			return err
		}
	}
	media := func(change func(*mpapi.MediaCheckAsyncRequest)) call {
		req := mpapi.MediaCheckAsyncRequest{OpenID: "o1", Scene: 1, MediaURL: "https://example.com/a.png", MediaType: 2}
		change(&req)
		return func(ctx context.Context, c *mpapi.Client) error {
			_, err := c.Security.MediaCheckAsync(ctx, req)
			return err
		}
	}
	activity := func(req mpapi.CreateActivityIDRequest) call {
		return func(ctx context.Context, c *mpapi.Client) error {
			_, err := c.Message.CreateActivityID(ctx, req)
			return err
		}
	}
	waiting := func(change func(*mpapi.SetUpdatableMsgRequest)) call {
		req := mpapi.SetUpdatableMsgRequest{ActivityID: "A", TemplateInfo: mpapi.TemplateInfo{MemberCount: 2, RoomLimit: 3}}
		change(&req)
		return func(ctx context.Context, c *mpapi.Client) error { return c.Message.SetUpdatableMsg(ctx, req) }
	}
	started := func(info mpapi.TemplateInfo) call {
		return func(ctx context.Context, c *mpapi.Client) error {
			return c.Message.SetUpdatableMsg(ctx, mpapi.SetUpdatableMsgRequest{ActivityID: "A", TargetState: mpapi.TargetStarted, TemplateInfo: info})
		}
	}
	risk := func(change func(*mpapi.UserRiskRankRequest)) call {
		req := mpapi.UserRiskRankRequest{OpenID: "o1", ClientIP: "203.0.113.7"}
		change(&req)
		return func(ctx context.Context, c *mpapi.Client) error { _, err := c.Risk.UserRiskRank(ctx, req); return err }
	}
	link := func(page string) call {
		return func(ctx context.Context, c *mpapi.Client) error {
			_, err := c.Link.GenerateShortLink(ctx, mpapi.GenerateShortLinkRequest{PageURL: page})
			return err
		}
	}
	soter := func(req mpapi.VerifySignatureRequest) call {
		return func(ctx context.Context, c *mpapi.Client) error {
			_, err := c.Soter.VerifySignature(ctx, req)
			return err
		}
	}
	file := func(size int64) mpapi.Image {
		return mpapi.ImageFile("a.jpg", io.LimitReader(endless{}, size))
	}
	const version = "version_type must be one of [develop trial release]"
	for _, tt := range []struct {
		name string
		call call
		want string // the faults, one a line; empty: the call is made
	}{
		{"no picture", crop(mpapi.Image{}), "img is missing"},
		{"an empty URL", crop(mpapi.ImageURL("")), "img is missing"},
		{"a path for a URL", crop(mpapi.ImageURL("/tmp/a.jpg")), "img_url must be an http or https URL"},
		{"a file URL", idCard(mpapi.ImageURL("file:///tmp/a.jpg")), "img_url must be an http or https URL"},
		{"a URL without a host", idCard(mpapi.ImageURL("https:///a.jpg")), "img_url must be an http or https URL"},
		{"a URL with a port and no host", idCard(mpapi.ImageURL("https://:443/a.jpg")), "img_url must be an http or https URL"},
		{"an empty file", idCard(file(0)), "img is empty"},
		{"a file of nearly 2 MB", idCard(file(2<<20 - 1)), ""},
		{"a file of 2 MB", idCard(file(2 << 20)), "img must be smaller than 2 MB"},
		{"a file without an end", crop(file(math.MaxInt64)), "img must be smaller than 2 MB"},
		{"an OCR type", idCard(mpapi.ImageURL("https://example.com/a.jpg").OCRType("fax")), "type must be one of [photo scan]"},
		{"six ratios", crop(file(1), 1, 2, 3, 4, 5, 6), "ratios are more than 5"},
		{"a ratio of nothing", crop(file(1), 1, 0), "ratios must be numbers above 0"},
		{"a ratio that is no number", crop(file(1), math.NaN()), "ratios must be numbers above 0"},
		{"an infinite ratio", crop(file(1), math.Inf(1)), "ratios must be numbers above 0"},

		{
			"an empty request is all faults at once", text(func(r *mpapi.MsgSecCheckRequest) { *r = mpapi.MsgSecCheckRequest{} }),
			"openid is missing\nscene must be one of [1 2 3 4]\ncontent is missing",
		},
		{"a text of 2,500 characters", text(func(r *mpapi.MsgSecCheckRequest) { r.Content = strings.Repeat("字", 2500) }), ""},
		{
			"a text of 2,501 characters", text(func(r *mpapi.MsgSecCheckRequest) { r.Content = strings.Repeat("字", 2501) }),
			"content has 2501 characters, at most 2500 are allowed",
		},
		{"scene 0", text(func(r *mpapi.MsgSecCheckRequest) { r.Scene = 0 }), "scene must be one of [1 2 3 4]"},
		{"scene 5", text(func(r *mpapi.MsgSecCheckRequest) { r.Scene = 5 }), "scene must be one of [1 2 3 4]"},
		{"a motto in a profile", text(func(r *mpapi.MsgSecCheckRequest) { r.Scene, r.Signature = 1, "s" }), ""},
		{"a motto that nobody would look at", text(func(r *mpapi.MsgSecCheckRequest) { r.Signature = "s" }), "signature is checked in scene 1 only"},
		{"media of nobody", media(func(r *mpapi.MediaCheckAsyncRequest) { r.OpenID = "" }), "openid is missing"},
		{"media without an address", media(func(r *mpapi.MediaCheckAsyncRequest) { r.MediaURL = "" }), "media_url must be an http or https URL"},
		{"a video", media(func(r *mpapi.MediaCheckAsyncRequest) { r.MediaType = 3 }), "media_type must be one of [1 2]"},
		{"no type", media(func(r *mpapi.MediaCheckAsyncRequest) { r.MediaType = 0 }), "media_type must be one of [1 2]"},
		{"media in scene 7", media(func(r *mpapi.MediaCheckAsyncRequest) { r.Scene = 7 }), "scene must be one of [1 2 3 4]"},

		{"an activity of two users", activity(mpapi.CreateActivityIDRequest{OpenID: "o", UnionID: "u"}), "openid and unionid exclude each other"},
		{"no activity", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.ActivityID = "" }), "activity_id is missing"},
		{"state 2", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.TargetState = 2 }), "target_state must be one of [0 1]"},
		{"state -1", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.TargetState = -1 }), "target_state must be one of [0 1]"},
		{
			"waiting for nobody", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.TemplateInfo = mpapi.TemplateInfo{} }),
			"member_count must be at least 1\nroom_limit must be at least 1",
		},
		{"fewer than nobody", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.TemplateInfo.MemberCount = -1 }), "member_count must be at least 1"},
		{"started without a page", started(mpapi.TemplateInfo{}), "path is missing\n" + version},
		{"started in an unknown version", started(mpapi.TemplateInfo{Path: "p", VersionType: "beta"}), version},
		{"an unknown version, not yet needed", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.TemplateInfo.VersionType = "beta" }), version},
		{"the trial version", started(mpapi.TemplateInfo{Path: "p", VersionType: "trial"}), ""},
		{
			"a field twice", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.TemplateInfo.Extra = map[string]string{"path": "p"} }),
			"template_info has an extra parameter without a name of its own",
		},
		{
			"a parameter without a name", waiting(func(r *mpapi.SetUpdatableMsgRequest) { r.TemplateInfo.Extra = map[string]string{"": "p"} }),
			"template_info has an extra parameter without a name of its own",
		},

		{"the risk of nobody", risk(func(r *mpapi.UserRiskRankRequest) { r.OpenID = "" }), "openid is missing"},
		{"the risk in scene 3", risk(func(r *mpapi.UserRiskRankRequest) { r.Scene = 3 }), "scene must be one of [0 1 2]"},
		{"the risk in scene -1", risk(func(r *mpapi.UserRiskRankRequest) { r.Scene = -1 }), "scene must be one of [0 1 2]"},
		{"no address", risk(func(r *mpapi.UserRiskRankRequest) { r.ClientIP = "" }), "client_ip must be an IP address"},
		{"an address with its port", risk(func(r *mpapi.UserRiskRankRequest) { r.ClientIP = "203.0.113.7:443" }), "client_ip must be an IP address"},

		{"no page", link(""), "page_url is missing"},
		{"a page of 1,024 characters", link(strings.Repeat("页", 1024)), ""},
		{"a page of 1,025 characters", link(strings.Repeat("p", 1025)), "page_url has 1025 characters, at most 1024 are allowed"},
		{"no signature", soter(mpapi.VerifySignatureRequest{}), "openid is missing\njson_string is missing\njson_signature is missing"},
		{"no media", func(ctx context.Context, c *mpapi.Client) error {
			_, err := c.Media.Get(ctx, "", io.Discard)
			return err
		}, "media_id is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &wechat{answer: `{"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100},"link":"l","type":"Front"}`}
			err := tt.call(t.Context(), w.api(t))
			if tt.want != "" {
				wantInputError(t, w, err, tt.want)
			} else if err != nil || len(w.seen) != 1 {
				t.Errorf("%v after %d calls; want one good one", err, len(w.seen))
			}
		})
	}
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAPictureThatCannotBeRead(t *testing.T) {
	broken := errors.New("the disk is broken")
	w := &wechat{}
	_, err := w.api(t).OCR.BankCard(t.Context(), mpapi.ImageFile("a.jpg", iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	require.Empty(t, w.seen)
}
