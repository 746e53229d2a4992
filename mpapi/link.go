package mpapi

import (
	"context"
	"errors"

	"github.com/wxoauth/wxoauth/core"
)

// LinkService makes links into a mini program.
type LinkService struct{ core *core.Client }

// maxPageURL is the length of a page's path and query, in characters.
const maxPageURL = 1024

// GenerateShortLinkRequest is a page to link to.
type GenerateShortLinkRequest struct {
	// A published page, with or without a query, of at most 1,024 characters.
	PageURL   string `json:"page_url"`
	PageTitle string `json:"page_title,omitempty"` // optional; WeChat cuts it after 20 characters
	// If false, the link works for 30 days. If true, it works for ever and is one of the 100,000
	// permanent links that the account may make.
	IsPermanent bool `json:"is_permanent,omitempty"`
}

// A ShortLink leads into a mini program when it is tapped inside WeChat.
type ShortLink struct {
	Link string `json:"link"`
}

// GenerateShortLink makes a short link to a page. Errors: code 40066 for a page that is not in the
// published version, 40225 for a title that WeChat does not allow, [core.ErrQuota], and code 85400
// once the permanent links are used up.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/short-link/generateShortLink.html
func (s LinkService) GenerateShortLink(
	ctx context.Context, req GenerateShortLinkRequest,
) (*ShortLink, error) {
	if err := errors.Join(required("page_url", req.PageURL),
		atMost("page_url", req.PageURL, maxPageURL)); err != nil {
		return nil, err
	}
	r := core.Post("/wxa/genwxashortlink", req)
	return call(ctx, s.core, r, "link", func(l *ShortLink) bool { return l.Link != "" })
}
