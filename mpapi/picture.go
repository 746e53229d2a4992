package mpapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/wxoauth/wxoauth/core"
)

// maxImage is what WeChat takes: pictures of less than 2 MB.
const maxImage = 2<<20 - 1

// An Image is the picture that a call looks at. Make it with [ImageURL] or [ImageFile]; a zero
// one is an [InputError] of the call.
type Image struct {
	url     string
	name    string
	file    io.Reader
	ocrType string
}

// ImageURL is a picture that WeChat downloads, of less than 2 MB, behind an http or https URL.
// Anybody else can open that URL, too: for documents of your users take [ImageFile].
func ImageURL(url string) Image { return Image{url: url} }

// ImageFile is a picture that is uploaded, of less than 2 MB. name is the file name to tell
// WeChat. r is read by the call, so the Image serves for one call; r's own error comes back
// wrapped.
func ImageFile(name string, r io.Reader) Image { return Image{name: name, file: r} }

// OCRType says how a document was pictured: "photo" or "scan". Older pages of WeChat's manual
// require it and newer ones do not have it, so it is not sent unless it is set. Only OCR looks at
// it.
func (i Image) OCRType(kind string) Image {
	i.ocrType = kind
	return i
}

// request makes the call of a picture API: a URL travels in the query, a file in the form.
func (i Image) request(path string) (core.Request, error) {
	r := core.Post(path, nil)
	if i.file == nil {
		r.Query = url.Values{"img_url": {i.url}}
		if i.url == "" {
			return r, &InputError{"img", "is missing"}
		}
		return r, webURL("img_url", i.url)
	}
	content, err := io.ReadAll(io.LimitReader(i.file, maxImage+1))
	switch {
	case err != nil:
		return r, fmt.Errorf("mpapi: img: %w", err)
	case len(content) == 0:
		return r, &InputError{"img", "is empty"}
	case len(content) > maxImage:
		return r, &InputError{"img", "must be smaller than 2 MB"}
	}
	name := i.name
	if name == "" {
		name = "img" // WeChat wants a name, any name
	}
	r.Body = core.File{Field: "img", Name: name, ContentType: http.DetectContentType(content), Content: content}
	r.Query = url.Values{}
	return r, nil
}

// look calls a picture API that needs nothing but the picture.
func look[T any](ctx context.Context, c *core.Client, path string, i Image) (*T, error) {
	r, err := i.request(path)
	if err != nil {
		return nil, err
	}
	return core.Call[T](ctx, c, r)
}

// A Point of a picture, in pixels from its left top corner.
type Point struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// A Size of a picture, in pixels.
type Size struct {
	W int `json:"w"`
	H int `json:"h"`
}

// Corners of something found in a picture. They need not form a rectangle.
type Corners struct {
	LeftTop     Point `json:"left_top"`
	RightTop    Point `json:"right_top"`
	RightBottom Point `json:"right_bottom"`
	LeftBottom  Point `json:"left_bottom"`
}

// A Position is where a document lies in a picture.
type Position struct {
	Pos Corners `json:"pos"`
}
