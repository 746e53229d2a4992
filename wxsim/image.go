package wxsim

import (
	"bytes"
	"cmp"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const maxImage = 2 << 20 // bytes; an image must be smaller

// imageEndpoints are the APIs for pictures (cv/img), text recognition (cv/ocr) and temporary
// media.
func imageEndpoints() []endpoint {
	rows := []struct{ path, sample string }{
		{
			"/cv/img/aicrop",
			`{"errcode":0,"errmsg":"ok","results":[{"crop_left":112,"crop_top":0,` +
				`"crop_right":839,"crop_bottom":727}],"img_size":{"w":966,"h":728}}`,
		},
		{
			"/cv/img/qrcode",
			`{"errcode":0,"errmsg":"ok","code_results":[{"type_name":"QR_CODE",` +
				`"data":"http://www.qq.com","pos":{"left_top":{"x":585,"y":378},` +
				`"right_top":{"x":828,"y":378},"right_bottom":{"x":828,"y":618},` +
				`"left_bottom":{"x":585,"y":618}}},{"type_name":"EAN_13",` +
				`"data":"5906789678957"}],"img_size":{"w":1000,"h":900}}`,
		},
		{
			"/cv/ocr/bizlicense",
			`{"errcode":0,"errmsg":"ok","reg_num":"123123","serial":"123123",` +
				`"legal_representative":"张三","enterprise_name":"XX饮食店",` +
				`"type_of_organization":"个人经营","address":"XX市XX区XX路XX号",` +
				`"type_of_enterprise":"xxx","business_scope":"中型餐馆（不含凉菜、不含裱花蛋糕，不含生食海产品）。",` +
				`"registered_capital":"200万","paid_in_capital":"200万",` +
				`"valid_period":"2019年1月1日","registered_date":"2018年1月1日",` +
				`"cert_position":{"pos":{"left_top":{"x":155,"y":191},"right_top":{"x":725,` +
				`"y":157},"right_bottom":{"x":743,"y":512},"left_bottom":{"x":164,"y":525}}},` +
				`"img_size":{"w":966,"h":728}}`,
		},
		{
			"/cv/ocr/drivinglicense",
			`{"errcode":0,"errmsg":"ok","id_num":"660601xxxxxxxx1234","name":"张三","sex":"男",` +
				`"nationality":"中国","address":"广东省东莞市xxxxx号","birth_date":"1990-12-21",` +
				`"issue_date":"2012-12-21","car_class":"C1","valid_from":"2018-07-06",` +
				`"valid_to":"2020-07-01","official_seal":"xx市公安局公安交通管理局"}`,
		},
		{
			"/cv/ocr/driving",
			`{"errcode":0,"errmsg":"ok","plate_num":"粤xxxxx","vehicle_type":"小型普通客车",` +
				`"owner":"东莞市xxxxx机械厂","addr":"广东省东莞市xxxxx号","use_character":"非营运",` +
				`"model":"江淮牌HFCxxxxxxx","vin":"LJ166xxxxxxxx51","engine_num":"J3xxxxx3",` +
				`"register_date":"2018-07-06","issue_date":"2018-07-01","plate_num_b":"粤xxxxx",` +
				`"record":"441xxxxxx3","passengers_num":"7人","total_quality":"2700kg",` +
				`"prepare_quality":"1995kg","overall_size":"4582x1795x1458mm",` +
				`"card_position_front":{"pos":{"left_top":{"x":119,"y":2925},` +
				`"right_top":{"x":1435,"y":2887},"right_bottom":{"x":1435,"y":3793},` +
				`"left_bottom":{"x":119,"y":3831}}},` +
				`"card_position_back":{"pos":{"left_top":{"x":1523,"y":2849},` +
				`"right_top":{"x":2898,"y":2887},"right_bottom":{"x":2927,"y":3831},` +
				`"left_bottom":{"x":1523,"y":3831}}},"img_size":{"w":3120,"h":4208}}`,
		},
		{
			"/cv/ocr/comm",
			`{"errcode":0,"errmsg":"ok","items":[{"text":"腾讯","pos":{"left_top":{"x":575,` +
				`"y":519},"right_top":{"x":744,"y":519},"right_bottom":{"x":744,"y":532},` +
				`"left_bottom":{"x":573,"y":532}}},{"text":"微信团队","pos":{"left_top":{"x":670,` +
				`"y":516},"right_top":{"x":762,"y":517},"right_bottom":{"x":762,"y":532},` +
				`"left_bottom":{"x":670,"y":531}}}],"img_size":{"w":1280,"h":720}}`,
		},
	}
	reads := func(path string, run func(*world, *request) answer) endpoint {
		return post(path, run).or(http.MethodGet).from(OfficialAccount, MiniProgram)
	}
	endpoints := []endpoint{
		reads("/cv/ocr/idcard", readIDCard),
		reads("/cv/img/superresolution", superResolution),
		reads("/cv/ocr/bankcard", readBankCard),
		post("/cgi-bin/media/upload", uploadMedia).from(OfficialAccount, MiniProgram),
		get("/cgi-bin/media/get", getMedia).from(OfficialAccount, MiniProgram).
			need("media_id", aText, 41006),
	}
	for _, row := range rows {
		endpoints = append(endpoints, reads(row.path, fixed(checkImage, row.sample)))
	}
	return endpoints
}

// checkImage returns the code of the refusal of a call without a good picture, or 0.
func checkImage(_ *world, r *request) int {
	_, refused := r.image()
	return refused
}

// readIDCard is POST /cv/ocr/idcard. It returns the back of the card if the name or the URL of the
// picture contains "back".
func readIDCard(_ *world, r *request) answer {
	img, refused := r.image()
	switch {
	case refused != 0:
		return r.refuse(refused)
	case strings.Contains(img.name, "back"):
		return r.ok(`{"errcode":0,"errmsg":"ok","type":"Back","valid_date":"20171025-20271025"}`)
	}
	return r.ok(
		`{"errcode":0,"errmsg":"ok","type":"Front","name":"张三","id":"123456789012345678",` +
			`"addr":"广东省广州市海珠区","gender":"男","nationality":"汉"}`,
	)
}

// readBankCard is POST /cv/ocr/bankcard.
func readBankCard(w *world, r *request) answer {
	if _, refused := r.image(); refused != 0 {
		return r.refuse(refused)
	}
	name := "number"
	if w.cfg.BankCardID {
		name = "id"
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", name, "622213XXXXXXXXX"))
}

// A picture is the picture of a call.
type picture struct {
	name string // file name, or the address of a picture elsewhere
	data []byte // nil for a URL, which the simulator does not fetch
}

// image returns the picture of a call: img_url in the query, or a file in a form.
func (r *request) image() (picture, int) {
	if kind := r.query.Get("type"); kind != "" && kind != "photo" && kind != "scan" {
		return picture{}, 40097
	}
	form, badForm := r.multipart()
	if refused := checkRatios(cmp.Or(r.query.Get("ratios"), form.text["ratios"])); refused != 0 {
		return picture{}, refused
	}
	if address := r.query.Get("img_url"); address != "" {
		if webURL(address) == nil {
			return picture{}, 101000
		}
		return picture{name: address}, 0
	}
	switch {
	case badForm != nil || form.file.name == "" || form.contentType == "":
		return picture{}, 41005
	case len(form.file.data) >= maxImage ||
		!strings.HasPrefix(http.DetectContentType(form.file.data), "image/"):
		return picture{}, 101002
	}
	return form.file, 0
}

// checkRatios returns the code of the refusal unless there are up to five numbers separated by
// commas.
func checkRatios(ratios string) int {
	numbers := strings.Split(ratios, ",")
	bad := slices.ContainsFunc(numbers, func(n string) bool {
		_, err := strconv.ParseFloat(n, 64)
		return err != nil
	})
	if ratios != "" && (bad || len(numbers) > 5) {
		return 40097
	}
	return 0
}

// An upload is a form with a file.
type upload struct {
	text        map[string]string
	file        picture // of the only field with a file, whatever its name
	contentType string  // of the file
}

// multipart reads a form body. For any other body it returns an empty form.
func (r *request) multipart() (upload, error) {
	form := upload{text: map[string]string{}}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return form, nil //nolint:nilerr // a body that is not a form is not an error here
	}
	parts := multipart.NewReader(bytes.NewReader(r.body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart returns io.EOF itself
			return form, nil
		}
		if err != nil {
			return form, err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return form, err
		}
		if part.FileName() != "" {
			form.file, form.contentType = picture{
				part.FileName(), data,
			}, part.Header.Get("Content-Type")
		} else {
			form.text[part.FormName()] = string(data)
		}
	}
}
