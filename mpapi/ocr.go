package mpapi

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/oneline"
)

// OCRService reads documents. WeChat gives 100 calls a day for free and sells more. All its calls
// have the same errors: code 101000 for a URL that WeChat cannot download, 101001 if the document
// is not found in the picture, 101002 for a picture that it cannot read, 101003 once the quota is
// spent. A field that is not in the picture is empty. Control characters in texts become spaces.
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/guide/product/Intelligent_Interface/ocr.html
type OCRService struct{ core *core.Client }

// ocr reads a document; field and has are those of call.
func ocr[T any](
	ctx context.Context, c *core.Client, path string, img Image, field string, has func(*T) bool,
) (*T, error) {
	r, err := img.request(path)
	if err != nil {
		return nil, err
	}
	if img.ocrType != "" {
		if err := oneOf("type", img.ocrType, "photo", "scan"); err != nil {
			return nil, err
		}
		r.Query.Set("type", img.ocrType)
	}
	out, err := call(ctx, c, r, field, has)
	if err == nil {
		oneline.All(out)
	}
	return out, err
}

// A BankCardResult is the text on a bank card.
type BankCardResult struct {
	Number string `json:"number"` // digits
}

// UnmarshalJSON reads WeChat's form. In WeChat's documentation the table calls the field number,
// and the sample calls it id.
func (r *BankCardResult) UnmarshalJSON(data []byte) error {
	var wire struct {
		Number string `json:"number"`
		ID     string `json:"id"`
	}
	err := json.Unmarshal(data, &wire)
	r.Number = cmp.Or(wire.Number, wire.ID)
	return err
}

// BankCard reads the number of a bank card. Errors are those of [OCRService].
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/guide/product/Intelligent_Interface/ocr.html
func (s OCRService) BankCard(ctx context.Context, img Image) (*BankCardResult, error) {
	return ocr(ctx, s.core, "/cv/ocr/bankcard", img, "number", func(r *BankCardResult) bool {
		return r.Number != ""
	})
}

// A BusinessLicenseResult is the text on a business licence.
type BusinessLicenseResult struct {
	RegNum              string    `json:"reg_num"` // registration number
	Serial              string    `json:"serial"`
	LegalRepresentative string    `json:"legal_representative"`
	EnterpriseName      string    `json:"enterprise_name"`
	TypeOfOrganization  string    `json:"type_of_organization"`
	Address             string    `json:"address"`
	TypeOfEnterprise    string    `json:"type_of_enterprise"`
	BusinessScope       string    `json:"business_scope"`
	RegisteredCapital   string    `json:"registered_capital"`
	PaidInCapital       string    `json:"paid_in_capital"`
	ValidPeriod         string    `json:"valid_period"`
	RegisteredDate      string    `json:"registered_date"`
	CertPosition        *Position `json:"cert_position"` // nil if WeChat does not say
	ImgSize             Size      `json:"img_size"`
}

// BusinessLicense reads a business licence. Errors are those of [OCRService].
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/guide/product/Intelligent_Interface/ocr.html
func (s OCRService) BusinessLicense(
	ctx context.Context, img Image,
) (*BusinessLicenseResult, error) {
	return ocr(ctx, s.core, "/cv/ocr/bizlicense", img, "reg_num",
		func(r *BusinessLicenseResult) bool {
			return r.RegNum != "" || r.EnterpriseName != ""
		})
}

// A DriverLicenseResult is the text on a driver's licence. Dates have the form 2012-12-21.
type DriverLicenseResult struct {
	IDNum        string `json:"id_num"`
	Name         string `json:"name"`
	Sex          string `json:"sex"` // 男 or 女
	Nationality  string `json:"nationality"`
	Address      string `json:"address"`
	BirthDate    string `json:"birth_date"`
	IssueDate    string `json:"issue_date"` // of the first licence
	CarClass     string `json:"car_class"`
	ValidFrom    string `json:"valid_from"`
	ValidTo      string `json:"valid_to"`
	OfficialSeal string `json:"official_seal"` // the seal's text
}

// DriverLicense reads a driver's licence. Errors are those of [OCRService].
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/guide/product/Intelligent_Interface/ocr.html
func (s OCRService) DriverLicense(ctx context.Context, img Image) (*DriverLicenseResult, error) {
	return ocr(ctx, s.core, "/cv/ocr/drivinglicense", img, "id_num",
		func(r *DriverLicenseResult) bool {
			return r.IDNum != "" || r.Name != ""
		})
}

// A VehicleLicenseResult is the text on a vehicle licence. Dates have the form 2018-07-06.
type VehicleLicenseResult struct {
	PlateNum          string    `json:"plate_num"`
	VehicleType       string    `json:"vehicle_type"`
	Owner             string    `json:"owner"`
	Addr              string    `json:"addr"`
	UseCharacter      string    `json:"use_character"`
	Model             string    `json:"model"`
	VIN               string    `json:"vin"` // vehicle identification number
	EngineNum         string    `json:"engine_num"`
	RegisterDate      string    `json:"register_date"`
	IssueDate         string    `json:"issue_date"`
	PlateNumB         string    `json:"plate_num_b"` // the plate number on the back
	Record            string    `json:"record"`
	PassengersNum     string    `json:"passengers_num"`  // 7人
	TotalQuality      string    `json:"total_quality"`   // total mass: 2700kg
	PrepareQuality    string    `json:"prepare_quality"` // kerb mass: 1995kg
	OverallSize       string    `json:"overall_size"`
	CardPositionFront *Position `json:"card_position_front"` // nil if WeChat does not say
	CardPositionBack  *Position `json:"card_position_back"`
	ImgSize           Size      `json:"img_size"`
}

// UnmarshalJSON reads WeChat's form, and also the misspelt names of older answers.
func (r *VehicleLicenseResult) UnmarshalJSON(data []byte) error {
	type plain VehicleLicenseResult
	wire := struct {
		*plain
		OldType    string `json:"vhicle_type"`
		OldQuality string `json:"totalprepare_quality_quality"`
	}{plain: (*plain)(r)}
	err := json.Unmarshal(data, &wire)
	r.VehicleType = cmp.Or(r.VehicleType, wire.OldType)
	r.PrepareQuality = cmp.Or(r.PrepareQuality, wire.OldQuality)
	return err
}

// VehicleLicense reads a vehicle licence. Errors are those of [OCRService].
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/guide/product/Intelligent_Interface/ocr.html
func (s OCRService) VehicleLicense(ctx context.Context, img Image) (*VehicleLicenseResult, error) {
	return ocr(ctx, s.core, "/cv/ocr/driving", img, "plate_num",
		func(r *VehicleLicenseResult) bool {
			return r.PlateNum != "" || r.PlateNumB != "" || r.VIN != ""
		})
}

// An IDCardResult is the text on one side of a Chinese identity card.
type IDCardResult struct {
	Type        string `json:"type"` // Front has all fields but ValidDate; Back has only ValidDate
	Name        string `json:"name"`
	ID          string `json:"id"`
	Addr        string `json:"addr"`
	Gender      string `json:"gender"`      // 男 or 女
	Nationality string `json:"nationality"` // 汉
	ValidDate   string `json:"valid_date"`  // 20171025-20271025
}

// IDCard reads one side of a Chinese identity card. Errors are those of [OCRService].
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/guide/product/Intelligent_Interface/ocr.html
func (s OCRService) IDCard(ctx context.Context, img Image) (*IDCardResult, error) {
	return ocr(ctx, s.core, "/cv/ocr/idcard", img, "type", func(r *IDCardResult) bool {
		return r.Type != ""
	})
}

// A PrintedTextResult is the text in a picture.
type PrintedTextResult struct {
	Items   []PrintedTextItem `json:"items"`
	ImgSize Size              `json:"img_size"`
}

// A PrintedTextItem is one line of text in a picture.
type PrintedTextItem struct {
	Text string  `json:"text"`
	Pos  Corners `json:"pos"`
}

// PrintedText reads all printed text in a picture. Errors are those of [OCRService].
//
// WeChat docs: https://developers.weixin.qq.com/doc/service/guide/product/Intelligent_Interface/ocr.html
func (s OCRService) PrintedText(ctx context.Context, img Image) (*PrintedTextResult, error) {
	return ocr(ctx, s.core, "/cv/ocr/comm", img, "items", func(r *PrintedTextResult) bool {
		return r.Items != nil
	})
}
