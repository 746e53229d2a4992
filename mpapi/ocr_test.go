package mpapi_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpapi"
)

// linked is a case of a picture by its address.
func linked[T any](
	name, path string, read func(mpapi.OCRService, context.Context, mpapi.Image) (*T, error), answer string, want T,
) apiCase {
	return apiCase{
		name: name, op: "POST /cv/ocr/" + path, query: pictureQuery(), answer: answer, want: &want,
		call: func(ctx context.Context, c *mpapi.Client) (any, error) {
			return read(c.OCR, ctx, mpapi.ImageURL(pictureURL))
		},
	}
}

// filed is a case of a picture in a file.
func filed[T any](
	name, path string, read func(mpapi.OCRService, context.Context, mpapi.Image) (*T, error), answer string, want T,
) apiCase {
	c := linked(name, path, read, answer, want)
	c.query, c.form = nil, uploaded()
	c.call = func(ctx context.Context, c *mpapi.Client) (any, error) { return read(c.OCR, ctx, picture()) }
	return c
}

// uploaded is the form of such a file.
func uploaded() map[string]string { return map[string]string{"img": "card.png, image/png, " + png} }

func ocrCases() []apiCase {
	link := mpapi.ImageURL(pictureURL)
	corners := mpapi.Corners{
		LeftTop: mpapi.Point{X: 155, Y: 191}, RightTop: mpapi.Point{X: 725, Y: 157},
		RightBottom: mpapi.Point{X: 743, Y: 512}, LeftBottom: mpapi.Point{X: 164, Y: 525},
	}
	const cornersJSON = `{"left_top":{"x":155,"y":191},"right_top":{"x":725,"y":157},"right_bottom":{"x":743,"y":512},"left_bottom":{"x":164,"y":525}}`
	return []apiCase{
		linked("bank card", "bankcard", mpapi.OCRService.BankCard,
			`{"errcode":"0","errmsg":"ok","number":"622213XXXXXXXXX"}`,
			mpapi.BankCardResult{Number: "622213XXXXXXXXX"}),
		filed("bank card from a file", "bankcard", mpapi.OCRService.BankCard,
			`{"errcode":0,"errmsg":"ok","number":"622213XXXXXXXXX"}`,
			mpapi.BankCardResult{Number: "622213XXXXXXXXX"}),
		{
			name: "a scanned bank card",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.OCR.BankCard(ctx, link.OCRType("scan"))
			},
			op:     "POST /cv/ocr/bankcard",
			query:  url.Values{"img_url": {pictureURL}, "type": {"scan"}},
			answer: `{"errcode":0,"errmsg":"ok","number":"1"}`,
			want:   &mpapi.BankCardResult{Number: "1"},
		},
		linked("bank card as the sample of the manual has it", "bankcard", mpapi.OCRService.BankCard,
			`{"errcode":"0","errmsg":"ok","id":"622213XXXXXXXXX"}`,
			mpapi.BankCardResult{Number: "622213XXXXXXXXX"}),
		linked("vehicle licence with the names of older answers", "driving", mpapi.OCRService.VehicleLicense,
			`{"errcode":0,"errmsg":"ok","plate_num":"粤xxxxx","vhicle_type":"小型普通客车","totalprepare_quality_quality":"1995kg"}`,
			mpapi.VehicleLicenseResult{PlateNum: "粤xxxxx", VehicleType: "小型普通客车", PrepareQuality: "1995kg"}),
		linked("driver's licence with control characters", "drivinglicense", mpapi.OCRService.DriverLicense,
			`{"errcode":0,"errmsg":"ok","id_num":"1","name":"李\u001b四\n\u0085"}`,
			mpapi.DriverLicenseResult{IDNum: "1", Name: "李 四  "}),
		linked("business licence with its position", "bizlicense", mpapi.OCRService.BusinessLicense,
			`{"errcode":0,"errmsg":"ok","reg_num":"123123","serial":"s","legal_representative":"张三","enterprise_name":"XX饮料店",
				"type_of_organization":"个人经营","address":"XX市XX区","type_of_enterprise":"xxx","business_scope":"销售","registered_capital":"200万",
				"paid_in_capital":"200万","valid_period":"1","registered_date":"2013年12月31日",
				"cert_position":{"pos":`+cornersJSON+`},"img_size":{"w":966,"h":728}}`,
			mpapi.BusinessLicenseResult{
				RegNum: "123123", Serial: "s", LegalRepresentative: "张三", EnterpriseName: "XX饮料店", TypeOfOrganization: "个人经营",
				Address: "XX市XX区", TypeOfEnterprise: "xxx", BusinessScope: "销售", RegisteredCapital: "200万", PaidInCapital: "200万",
				ValidPeriod: "1", RegisteredDate: "2013年12月31日", CertPosition: &mpapi.Position{Pos: corners}, ImgSize: mpapi.Size{W: 966, H: 728},
			}),
		filed("business licence of few words", "bizlicense", mpapi.OCRService.BusinessLicense,
			`{"errcode":0,"errmsg":"ok","reg_num":"123123"}`,
			mpapi.BusinessLicenseResult{RegNum: "123123"}),
		linked("driver's licence", "drivinglicense", mpapi.OCRService.DriverLicense,
			`{"errcode":0,"errmsg":"ok","id_num":"660601xxxxxxxx1234","name":"张三","sex":"男","nationality":"中国","address":"广东省东莞市xxxxx号",
				"birth_date":"1990-12-21","issue_date":"2012-12-21","car_class":"C1","valid_from":"2018-07-06","valid_to":"2020-07-01","official_seal":"xx市公安局"}`,
			mpapi.DriverLicenseResult{
				IDNum: "660601xxxxxxxx1234", Name: "张三", Sex: "男", Nationality: "中国", Address: "广东省东莞市xxxxx号",
				BirthDate: "1990-12-21", IssueDate: "2012-12-21", CarClass: "C1", ValidFrom: "2018-07-06", ValidTo: "2020-07-01", OfficialSeal: "xx市公安局",
			}),
		filed("driver's licence without a nationality", "drivinglicense", mpapi.OCRService.DriverLicense,
			`{"errcode":0,"errmsg":"ok","id_num":"1","name":"李四"}`,
			mpapi.DriverLicenseResult{IDNum: "1", Name: "李四"}),
		linked("vehicle licence", "driving", mpapi.OCRService.VehicleLicense,
			`{"errcode":0,"errmsg":"ok","plate_num":"粤xxxxx","vehicle_type":"小型普通客车","owner":"东莞市xxxxx机械厂","addr":"广东省东莞市xxxxx号",
				"use_character":"非营运","model":"江淮牌HFCxxxxxxx","vin":"LJ166xxxxxxxx51","engine_num":"J3xxxxx3","register_date":"2018-07-06",
				"issue_date":"2018-07-01","plate_num_b":"粤xxxxx","record":"441xxxxxx3","passengers_num":"7人","total_quality":"2700kg","prepare_quality":"1995kg"}`,
			mpapi.VehicleLicenseResult{
				PlateNum: "粤xxxxx", VehicleType: "小型普通客车", Owner: "东莞市xxxxx机械厂", Addr: "广东省东莞市xxxxx号", UseCharacter: "非营运",
				Model: "江淮牌HFCxxxxxxx", VIN: "LJ166xxxxxxxx51", EngineNum: "J3xxxxx3", RegisterDate: "2018-07-06", IssueDate: "2018-07-01",
				PlateNumB: "粤xxxxx", Record: "441xxxxxx3", PassengersNum: "7人", TotalQuality: "2700kg", PrepareQuality: "1995kg",
			}),
		filed("vehicle licence with its positions", "driving", mpapi.OCRService.VehicleLicense,
			`{"errcode":0,"errmsg":"ok","plate_num":"1","overall_size":"4582x1795x1458mm","card_position_front":{"pos":`+cornersJSON+`},
				"card_position_back":{"pos":`+cornersJSON+`},"img_size":{"w":966,"h":728}}`,
			mpapi.VehicleLicenseResult{
				PlateNum: "1", OverallSize: "4582x1795x1458mm", CardPositionFront: &mpapi.Position{Pos: corners},
				CardPositionBack: &mpapi.Position{Pos: corners}, ImgSize: mpapi.Size{W: 966, H: 728},
			}),
		linked("front of an identity card", "idcard", mpapi.OCRService.IDCard,
			`{"errcode":0,"errmsg":"ok","type":"Front","name":"张三","id":"123456789012345678","addr":"广东省广州市XXX","gender":"男","nationality":"汉"}`,
			mpapi.IDCardResult{Type: "Front", Name: "张三", ID: "123456789012345678", Addr: "广东省广州市XXX", Gender: "男", Nationality: "汉"}),
		{
			name: "back of an identity card",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.OCR.IDCard(ctx, picture().OCRType("photo"))
			},
			op:     "POST /cv/ocr/idcard",
			query:  url.Values{"type": {"photo"}},
			form:   uploaded(),
			answer: `{"errcode":0,"errmsg":"ok","type":"Back","valid_date":"20171025-20271025"}`,
			want:   &mpapi.IDCardResult{Type: "Back", ValidDate: "20171025-20271025"},
		},
		linked("printed text", "comm", mpapi.OCRService.PrintedText,
			`{"errcode":0,"errmsg":"ok","items":[{"text":"腾讯","pos":`+cornersJSON+`},{"text":"微信团队","pos":`+cornersJSON+`}],"img_size":{"w":1280,"h":720}}`,
			mpapi.PrintedTextResult{
				Items:   []mpapi.PrintedTextItem{{Text: "腾讯", Pos: corners}, {Text: "微信团队", Pos: corners}},
				ImgSize: mpapi.Size{W: 1280, H: 720},
			}),
		filed("an empty page", "comm", mpapi.OCRService.PrintedText,
			`{"errcode":0,"errmsg":"ok","items":[],"img_size":{"w":1280,"h":720}}`,
			mpapi.PrintedTextResult{Items: []mpapi.PrintedTextItem{}, ImgSize: mpapi.Size{W: 1280, H: 720}}),
	}
}

func TestOCR(t *testing.T) { run(t, ocrCases()) }

// What a document must say is not read as an empty text.
func TestOCRAnswersWithoutTheDocument(t *testing.T) {
	link := mpapi.ImageURL(pictureURL)
	for name, call := range map[string]func(context.Context, mpapi.OCRService) (any, error){
		"number":    func(ctx context.Context, s mpapi.OCRService) (any, error) { return s.BankCard(ctx, link) },
		"reg_num":   func(ctx context.Context, s mpapi.OCRService) (any, error) { return s.BusinessLicense(ctx, link) },
		"id_num":    func(ctx context.Context, s mpapi.OCRService) (any, error) { return s.DriverLicense(ctx, link) },
		"plate_num": func(ctx context.Context, s mpapi.OCRService) (any, error) { return s.VehicleLicense(ctx, link) },
		"type":      func(ctx context.Context, s mpapi.OCRService) (any, error) { return s.IDCard(ctx, link) },
		"items":     func(ctx context.Context, s mpapi.OCRService) (any, error) { return s.PrintedText(ctx, link) },
	} {
		t.Run(name, func(t *testing.T) {
			w := &wechat{answer: `{"errcode":0,"errmsg":"ok","` + name + `":null,"sex":"男"}`}
			_, err := call(t.Context(), w.api(t).OCR)
			if wire, ok := errors.AsType[*core.WireError](err); !ok || wire.Kind != core.WireBody || !strings.Contains(wire.Detail, "no "+name) {
				t.Errorf("err = %v", err)
			}
		})
	}
}
