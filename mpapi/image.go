package mpapi

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/wxoauth/wxoauth/core"
)

// ImageService processes pictures.
type ImageService struct{ core *core.Client }

// maxRatios is how many ratios one call of AICrop may have.
const maxRatios = 5

// An AICropResult is how a picture is best cropped.
type AICropResult struct {
	Results []Crop `json:"results"`  // one for each ratio asked for
	ImgSize Size   `json:"img_size"` // of the whole picture
}

// A Crop is a part of a picture, in pixels from its left top corner.
type Crop struct {
	Left   int `json:"crop_left"`
	Top    int `json:"crop_top"`
	Right  int `json:"crop_right"`
	Bottom int `json:"crop_bottom"`
}

// AICrop finds the part of a picture that is worth showing. ratios are the wanted shapes, width
// divided by height, at most 5; without any WeChat picks the best. Errors: code 101000 for a URL
// that WeChat cannot download, 101002 for a picture that it cannot read.
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/api/openpoc/image/api_imgaicrop.html
func (s ImageService) AICrop(
	ctx context.Context, img Image, ratios ...float64,
) (*AICropResult, error) {
	list, err := ratioList(ratios)
	if err != nil {
		return nil, err
	}
	r, err := img.request("/cv/img/aicrop")
	if err != nil {
		return nil, err
	}
	if list != "" {
		form, _ := r.Body.(core.File) // nil for a picture behind a URL
		form.Fields = map[string]string{"ratios": list}
		r.Body = form
	}
	return core.Call[AICropResult](ctx, s.core, r)
}

// ratioList returns ratios in the form of WeChat, for example 1,2.35.
func ratioList(ratios []float64) (string, error) {
	if len(ratios) > maxRatios {
		return "", &InputError{"ratios", "are more than " + strconv.Itoa(maxRatios)}
	}
	list := make([]string, len(ratios))
	for i, ratio := range ratios {
		if !(ratio > 0) || math.IsInf(ratio, 1) {
			return "", &InputError{"ratios", "must be numbers above 0"}
		}
		list[i] = strconv.FormatFloat(ratio, 'f', -1, 64)
	}
	return strings.Join(list, ","), nil
}

// A ScanQRCodeResult is the codes found in a picture.
type ScanQRCodeResult struct {
	CodeResults []ScannedCode `json:"code_results"` // one for each code
	ImgSize     Size          `json:"img_size"`     // of the whole picture
}

// A ScannedCode is one code in a picture.
type ScannedCode struct {
	TypeName string   `json:"type_name"` // QR_CODE, EAN_13, CODE_128 …
	Data     string   `json:"data"`      // whatever somebody wrote into the code: do not trust it
	Pos      *Corners `json:"pos"`       // nil for bar codes
}

// ScanQRCode reads the QR codes, bar codes, DataMatrix and PDF417 codes in a picture. Errors are
// those of [ImageService.AICrop].
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/api/openpoc/image/api_imgqrcode.html
func (s ImageService) ScanQRCode(ctx context.Context, img Image) (*ScanQRCodeResult, error) {
	r, err := img.request("/cv/img/qrcode")
	if err != nil {
		return nil, err
	}
	return core.Call[ScanQRCodeResult](ctx, s.core, r)
}

// A SuperResolutionResult names an enlarged picture.
type SuperResolutionResult struct {
	MediaID string `json:"media_id"` // for [MediaService.Get]; good for 3 days
}

// SuperResolution enlarges a picture of less than 2 MB. Errors are those of [ImageService.AICrop].
//
// Deprecated: WeChat's manual marks this API as taken offline.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/en/dev/api-backend/open-api/img/img.superresolution.html
func (s ImageService) SuperResolution(
	ctx context.Context, img Image,
) (*SuperResolutionResult, error) {
	r, err := img.request("/cv/img/superresolution")
	if err != nil {
		return nil, err
	}
	return call(ctx, s.core, r, "media_id", func(out *SuperResolutionResult) bool {
		return out.MediaID != ""
	})
}
