package mpapi_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/mpapi"
)

const (
	pictureURL = "https://img.example.com/a b.jpg?size=1&x=%2B"
	png        = "\x89PNG\r\n\x1a\n the picture"
)

// pictureQuery is what pictureURL makes of the query.
func pictureQuery() url.Values { return url.Values{"img_url": {pictureURL}} }

func picture() mpapi.Image { return mpapi.ImageFile("card.png", strings.NewReader(png)) }

func imageCases() []apiCase {
	return []apiCase{
		{
			name: "crop behind a URL",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Image.AICrop(ctx, mpapi.ImageURL(pictureURL))
			},
			op:     "POST /cv/img/aicrop",
			query:  pictureQuery(),
			answer: `{"errcode":0,"errmsg":"ok","results":[{"crop_left":112,"crop_top":0,"crop_right":839,"crop_bottom":727}],"img_size":{"w":966,"h":728}}`,
			want: &mpapi.AICropResult{
				Results: []mpapi.Crop{{Left: 112, Top: 0, Right: 839, Bottom: 727}},
				ImgSize: mpapi.Size{W: 966, H: 728},
			},
		},
		{
			name: "crop behind a URL to two shapes",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Image.AICrop(ctx, mpapi.ImageURL(pictureURL), 1, 2.35)
			},
			op:    "POST /cv/img/aicrop",
			query: url.Values{"img_url": {pictureURL}},
			form:  map[string]string{"ratios": "1,2.35"},
			answer: `{"errcode":0,"errmsg":"ok","results":[{"crop_left":112,"crop_top":0,"crop_right":839,"crop_bottom":727},
				{"crop_left":0,"crop_top":205,"crop_right":965,"crop_bottom":615}],"img_size":{"w":966,"h":728}}`,
			want: &mpapi.AICropResult{
				Results: []mpapi.Crop{{Left: 112, Top: 0, Right: 839, Bottom: 727}, {Left: 0, Top: 205, Right: 965, Bottom: 615}},
				ImgSize: mpapi.Size{W: 966, H: 728},
			},
		},
		{
			name: "crop a file to the most shapes",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Image.AICrop(ctx, picture(), 1, 2.35, 0.5, 16.0/9, 1e-7)
			},
			op:     "POST /cv/img/aicrop",
			form:   map[string]string{"img": "card.png, image/png, " + png, "ratios": "1,2.35,0.5,1.7777777777777777,0.0000001"},
			answer: `{"errcode":0,"errmsg":"ok","results":[],"img_size":{"w":966,"h":728}}`,
			want:   &mpapi.AICropResult{Results: []mpapi.Crop{}, ImgSize: mpapi.Size{W: 966, H: 728}},
		},
		{
			name: "a QR code and a bar code",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Image.ScanQRCode(ctx, mpapi.ImageURL(pictureURL))
			},
			op:    "POST /cv/img/qrcode",
			query: pictureQuery(),
			answer: `{"errcode":0,"errmsg":"ok","code_results":[
				{"type_name":"QR_CODE","data":"http://www.qq.com","pos":{"left_top":{"x":585,"y":378},"right_top":{"x":828,"y":378},"right_bottom":{"x":828,"y":618},"left_bottom":{"x":585,"y":618}}},
				{"type_name":"EAN_13","data":"5906789678957"}],"img_size":{"w":1000,"h":900}}`,
			want: &mpapi.ScanQRCodeResult{
				CodeResults: []mpapi.ScannedCode{
					{TypeName: "QR_CODE", Data: "http://www.qq.com", Pos: &mpapi.Corners{
						LeftTop: mpapi.Point{X: 585, Y: 378}, RightTop: mpapi.Point{X: 828, Y: 378},
						RightBottom: mpapi.Point{X: 828, Y: 618}, LeftBottom: mpapi.Point{X: 585, Y: 618},
					}},
					{TypeName: "EAN_13", Data: "5906789678957"},
				},
				ImgSize: mpapi.Size{W: 1000, H: 900},
			},
		},
		{
			name: "no code in a file without a name",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Image.ScanQRCode(ctx, mpapi.ImageFile("", strings.NewReader("GIF89a")))
			},
			op:     "POST /cv/img/qrcode",
			form:   map[string]string{"img": "img, image/gif, GIF89a"},
			answer: `{"errcode":0,"errmsg":"ok","code_results":[],"img_size":{"w":1,"h":1}}`,
			want:   &mpapi.ScanQRCodeResult{CodeResults: []mpapi.ScannedCode{}, ImgSize: mpapi.Size{W: 1, H: 1}},
		},
		{
			name: "enlarge",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Image.SuperResolution(ctx, mpapi.ImageURL(pictureURL))
			},
			op:     "POST /cv/img/superresolution",
			query:  pictureQuery(),
			answer: `{"errcode":0,"errmsg":"ok","media_id":"6WXsIXkG7lXuDLspD9xfm5dsvHzb0EFl0li6ySxi92ap8Vl3zZoD9DpOyNudeJGB"}`,
			want:   &mpapi.SuperResolutionResult{MediaID: "6WXsIXkG7lXuDLspD9xfm5dsvHzb0EFl0li6ySxi92ap8Vl3zZoD9DpOyNudeJGB"},
		},
		{
			name: "enlarge a file",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Image.SuperResolution(ctx, picture())
			},
			op:     "POST /cv/img/superresolution",
			form:   map[string]string{"img": "card.png, image/png, " + png},
			answer: `{"errcode":0,"errmsg":"ok","media_id":"M"}`,
			want:   &mpapi.SuperResolutionResult{MediaID: "M"},
		},
	}
}

func TestImage(t *testing.T) { run(t, imageCases()) }
