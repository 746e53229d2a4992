package mpapi

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/core"
)

// MediaService reads temporary files.
type MediaService struct{ core *core.Client }

// Get writes a temporary file, such as a picture of a customer's message, of at most 20 MB to w
// and returns its Content-Type. It writes nothing unless the whole file has come, within 30
// seconds. For a video of an official account WeChat sends {"video_url":"…"} instead of the video,
// and that is written. Errors: code 40007 for an unknown or expired mediaID.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_getmedia
func (s MediaService) Get(
	ctx context.Context, mediaID string, w io.Writer,
) (contentType string, err error) {
	if err := required("media_id", mediaID); err != nil {
		return "", err
	}
	r := core.Get("/cgi-bin/media/get", url.Values{"media_id": {mediaID}})
	content, contentType, err := core.Download(ctx, s.core, r)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(contentType, "text/html") {
		// WeChat keeps no web pages, so this one comes from a proxy.
		return "", r.BadAnswer("no file in the answer")
	}
	if _, err := w.Write(content); err != nil {
		return "", fmt.Errorf("mpapi: media: %w", err)
	}
	return contentType, nil
}
