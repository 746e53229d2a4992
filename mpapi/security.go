package mpapi

import (
	"context"
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// SecurityService checks what users write and upload.
type SecurityService struct{ core *core.Client }

// checkVersion is the version of both checks. WeChat no longer develops version 1.
const checkVersion = 2

// maxContent is the length of a text that WeChat checks, in characters.
const maxContent = 2500

// The values of Suggest in [Verdict] and [VerdictDetail].
const (
	SuggestPass   = "pass"   // harmless
	SuggestReview = "review" // let a person look
	SuggestRisky  = "risky"  // do not show it
)

// MsgSecCheckRequest is a text to check.
type MsgSecCheckRequest struct {
	// The author; must have opened the mini program in the last 2 hours.
	OpenID   string `json:"openid"`
	Scene    int    `json:"scene"`              // 1 profile, 2 comment, 3 forum, 4 social log
	Content  string `json:"content"`            // at most 2,500 characters
	Nickname string `json:"nickname,omitempty"` // optional, checked as well
	Title    string `json:"title,omitempty"`    // optional, checked as well
	// Optional: the author's motto. WeChat checks it in scene 1 only, so in another one it is an
	// [InputError].
	Signature string `json:"signature,omitempty"`
}

func (r MsgSecCheckRequest) check() error {
	var signature error
	if r.Signature != "" && r.Scene != 1 {
		signature = &InputError{"signature", "is checked in scene 1 only"}
	}
	return errors.Join(
		required("openid", r.OpenID),
		oneOf("scene", r.Scene, 1, 2, 3, 4),
		required("content", r.Content),
		atMost("content", r.Content, maxContent),
		signature,
	)
}

// A MsgSecCheckResult is WeChat's opinion of a text.
type MsgSecCheckResult struct {
	TraceID string          `json:"trace_id"` // WeChat's id of this check
	Result  Verdict         `json:"result"`   // of all strategies together
	Detail  []VerdictDetail `json:"detail"`   // of each strategy; may be empty
}

// A Verdict is the result of a check.
type Verdict struct {
	Suggest string `json:"suggest"` // SuggestPass, SuggestReview or SuggestRisky
	// Label is the reason: 100 normal, 10001 advertisement, 20001 politics, 20002 pornography,
	// 20003 abuse, 20006 crime, 20008 fraud, 20012 vulgarity, 20013 copyright, 21000 other.
	Label core.Int `json:"label"`
}

// A VerdictDetail is the result of one of WeChat's strategies.
type VerdictDetail struct {
	Strategy string   `json:"strategy"` // content_model, keyword …
	ErrCode  core.Int `json:"errcode"`  // if it is not 0, the other fields mean nothing
	Suggest  string   `json:"suggest"`  // as in Verdict
	Label    core.Int `json:"label"`    // as in Verdict
	Prob     core.Int `json:"prob"`     // how sure the strategy is of Label, from 0 to 100
	Level    core.Int `json:"level"`    // sent by the keyword strategy; WeChat does not explain it
	Keyword  string   `json:"keyword"`  // the word of your own list that was found
}

// MsgSecCheck asks WeChat whether a text breaks its content rules. A risky text is a result, not
// an error. WeChat allows 4,000 calls a minute and 2,000,000 a day; if the mini program is not
// published, 100 a day. Errors: [core.ErrNoRecentVisit], and [core.ErrQuota] once the app's daily
// quota is spent.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/msgSecCheck.html
func (s SecurityService) MsgSecCheck(
	ctx context.Context, req MsgSecCheckRequest,
) (*MsgSecCheckResult, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	r := core.Post("/wxa/msg_sec_check", struct {
		MsgSecCheckRequest

		Version int `json:"version"`
	}{req, checkVersion})
	return call(ctx, s.core, r, "result.suggest", func(out *MsgSecCheckResult) bool {
		return out.Result.Suggest != ""
	})
}

// MediaCheckAsyncRequest is a picture or a sound to check.
type MediaCheckAsyncRequest struct {
	// The author; must have opened the mini program in the last 2 hours.
	OpenID    string `json:"openid"`
	Scene     int    `json:"scene"`      // 1 profile, 2 comment, 3 forum, 4 social log
	MediaURL  string `json:"media_url"`  // where WeChat downloads it; at most 10 MB
	MediaType int    `json:"media_type"` // 1 audio, 2 image
}

func (r MediaCheckAsyncRequest) check() error {
	return errors.Join(
		required("openid", r.OpenID),
		oneOf("scene", r.Scene, 1, 2, 3, 4),
		webURL("media_url", r.MediaURL),
		oneOf("media_type", r.MediaType, 1, 2),
	)
}

// A MediaCheckAsyncResult names a check that has begun.
type MediaCheckAsyncResult struct {
	TraceID string `json:"trace_id"` // also in the push message with the result
}

// MediaCheckAsync asks WeChat to check a picture or a sound. The result comes by message push
// within 30 minutes: see push.Config.OnMediaCheck. Pictures are jpg, png, bmp or the first frame
// of a gif; sounds are mp3, aac, ac3, wma, flac, vorbis, opus or wav. WeChat allows 2,000 calls a
// minute and 200,000 a day. Errors: [core.ErrNoRecentVisit], [core.ErrQuota], and code 87020 if
// the same request comes too often.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/mediaCheckAsync.html
func (s SecurityService) MediaCheckAsync(
	ctx context.Context, req MediaCheckAsyncRequest,
) (*MediaCheckAsyncResult, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	r := core.Post("/wxa/media_check_async", struct {
		MediaCheckAsyncRequest

		Version int `json:"version"`
	}{req, checkVersion})
	return call(ctx, s.core, r, "trace_id", func(out *MediaCheckAsyncResult) bool {
		return out.TraceID != ""
	})
}
