package mpapi

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/wxoauth/wxoauth/core"
)

// maxImage is the size limit of WeChat, which takes pictures of less than 2 MB.
const maxImage = 2<<20 - 1

// An Image is the picture of a call. Make it with [ImageURL] or [ImageFile]; with a zero Image the
// call returns an [InputError].
type Image struct {
	url     string
	name    string
	file    io.Reader
	ocrType string
}

// ImageURL returns the picture at an http or https URL, of less than 2 MB, which WeChat downloads.
// Anybody else can open that URL, too, so use [ImageFile] for documents of your users.
func ImageURL(url string) Image { return Image{url: url} }

// ImageFile returns a picture of less than 2 MB to upload. name is the file name that WeChat is
// told. The call reads r, so the Image is good for one call. An error of r is returned wrapped.
func ImageFile(name string, r io.Reader) Image { return Image{name: name, file: r} }

// OCRType returns i with the way in which a document was pictured, "photo" or "scan". Older pages
// of WeChat's manual require it and newer ones do not mention it, so it is sent only if it is set.
// It is for OCR only.
func (i Image) OCRType(kind string) Image {
	i.ocrType = kind
	return i
}

// request returns the request of a picture API. A URL is sent in the query, a file in a form.
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
	r.Body = core.File{
		Field: "img", Name: cmp.Or(i.name, "img"), // WeChat requires a name but does not use it
		ContentType: http.DetectContentType(content), Content: content,
	}
	r.Query = url.Values{}
	return r, nil
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
