package mpapi_test

import (
	"context"
	"testing"

	"github.com/wxoauth/wxoauth/mpapi"
)

func linkCases() []apiCase {
	link := func(req mpapi.GenerateShortLinkRequest) func(context.Context, *mpapi.Client) (any, error) {
		return func(ctx context.Context, c *mpapi.Client) (any, error) { return c.Link.GenerateShortLink(ctx, req) }
	}
	return []apiCase{
		{
			name:   "a link for 30 days",
			call:   link(mpapi.GenerateShortLinkRequest{PageURL: "pages/index/index?a=1&b=2"}),
			op:     "POST /wxa/genwxashortlink",
			body:   `{"page_url":"pages/index/index?a=1&b=2"}`,
			answer: `{"errcode":0,"errmsg":"ok","link":"Short Link"}`,
			want:   &mpapi.ShortLink{Link: "Short Link"},
		},
		{
			name:   "a link for ever",
			call:   link(mpapi.GenerateShortLinkRequest{PageURL: "p", PageTitle: "首页", IsPermanent: true}),
			op:     "POST /wxa/genwxashortlink",
			body:   `{"page_url":"p","page_title":"首页","is_permanent":true}`,
			answer: `{"errcode":0,"errmsg":"ok","link":"#小程序://首页/abc"}`,
			want:   &mpapi.ShortLink{Link: "#小程序://首页/abc"},
		},
	}
}

func TestLink(t *testing.T) { run(t, linkCases()) }
