package wxsim_test

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

func TestStatisticsWantWholePeriodsThatAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 08:00 in China
		sim := wxsim.New(wxsim.Config{})
		sim.Advance(31*24*time.Hour + 15*time.Hour + 59*time.Minute) // 2000-02-01 23:59
		token := miniToken(t, sim)
		for _, tt := range []struct {
			name, begin, end string
			want             int
			date             string
		}{
			{"dailyretaininfo", "20000131", "20000131", 0, "20000131"},
			{"dailyretaininfo", "20000130", "20000131", 61501, ""},
			{"dailyretaininfo", "20000201", "20000201", 61501, ""},
			{"dailyretaininfo", "2000-01-31", "2000-01-31", 61500, ""},
			{"dailyretaininfo", "20000131", "", 61500, ""},
			{"weeklyretaininfo", "20000124", "20000130", 0, "20000124-20000130"},
			{"weeklyretaininfo", "20000123", "20000129", 61501, ""},
			{"monthlyretaininfo", "20000101", "20000131", 0, "200001"},
			{"monthlyretaininfo", "20000101", "20000130", 61501, ""},
			{"monthlyretaininfo", "20000201", "20000229", 61501, ""},
			{"dailysummarytrend", "20000131", "20000131", 0, "20000131"},
			{"dailyvisittrend", "20000131", "20000131", 0, "20000131"},
			{"weeklyvisittrend", "20000124", "20000130", 0, "20000124-20000130"},
			{"monthlyvisittrend", "20000101", "20000131", 0, "200001"},
		} {
			answer := post(t, sim, "/datacube/getweanalysisappid"+tt.name+"?access_token="+token, fmt.Sprintf(`{"begin_date":%q,"end_date":%q}`, tt.begin, tt.end))
			wantCode(t, answer, tt.want)
			date := answer["ref_date"]
			if list, ok := answer["list"].([]any); ok {
				date = list[0].(map[string]any)["ref_date"]
			}
			if tt.date != "" && date != tt.date {
				t.Errorf("%s %s to %s: ref_date %v; want %s", tt.name, tt.begin, tt.end, date, tt.date)
			}
		}
	})
}

// gif is the smallest picture.
const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00;"

// uploadRequest is a form with a file.
func uploadRequest(tb testing.TB, target, field, name, contentType, data string) *http.Request {
	tb.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	header := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename=%q`, field, name)}}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	part, err := form.CreatePart(header)
	if err == nil {
		_, err = part.Write([]byte(data))
	}
	if err == nil {
		err = form.WriteField("ratios", "1,2.35")
	}
	require.NoError(tb, errors.Join(err, form.Close()))
	r := httptest.NewRequest(http.MethodPost, target, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

func TestPicturesComeAsAnAddressOrAFile(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	token := miniToken(t, sim)
	for path, want := range map[string]string{
		"/cv/img/aicrop":          "results",
		"/cv/img/qrcode":          "code_results",
		"/cv/ocr/bankcard":        "number",
		"/cv/ocr/bizlicense":      "reg_num",
		"/cv/ocr/drivinglicense":  "id_num",
		"/cv/ocr/driving":         "plate_num",
		"/cv/ocr/idcard":          "gender",
		"/cv/ocr/comm":            "items",
		"/cv/img/superresolution": "media_id",
	} {
		t.Run(path, func(t *testing.T) {
			target := path + "?access_token=" + token
			byAddress := post(t, sim, target+"&img_url=https%3A%2F%2Fexample.com%2Fa.png", "")
			byFile := reply(t, do(sim, uploadRequest(t, target, "img", "a.gif", "image/gif", gif)))
			require.NotNil(t, byAddress[want])
			require.NotNil(t, byFile[want])
			for name, tt := range map[string]struct {
				r    *http.Request
				want int
			}{
				"address in the body": {httptest.NewRequest(http.MethodPost, target, strings.NewReader("img_url=https://example.com/a.png")), 41005},
				"nothing":             {httptest.NewRequest(http.MethodPost, target, nil), 41005},
				"bad address":         {httptest.NewRequest(http.MethodPost, target+"&img_url=file:///etc", nil), 101000},
				"no file name":        {uploadRequest(t, target, "img", "", "image/gif", gif), 41005},
				"no content type":     {uploadRequest(t, target, "img", "a.gif", "", gif), 41005},
				"no picture":          {uploadRequest(t, target, "img", "a.gif", "image/gif", "hello"), 101002},
				"2 MB":                {uploadRequest(t, target, "img", "a.gif", "image/gif", gif+strings.Repeat("x", 2<<20-len(gif))), 101002},
				"bad ratios":          {httptest.NewRequest(http.MethodPost, target+"&img_url=https://example.com/&ratios=1,x", nil), 40097},
				"too many ratios":     {httptest.NewRequest(http.MethodPost, target+"&img_url=https://example.com/&ratios=1,2,3,4,5,6", nil), 40097},
				"other type":          {httptest.NewRequest(http.MethodPost, target+"&img_url=https://example.com/&type=x", nil), 40097},
			} {
				t.Run(name, func(t *testing.T) {
					answer := reply(t, do(sim, tt.r))
					wantCode(t, answer, tt.want)
				})
			}
		})
	}
	back := post(t, sim, "/cv/ocr/idcard?access_token="+token+"&img_url=https://example.com/back.png", "")
	wantFields(t, back, "type", "Back", "valid_date", "20171025-20271025")
	cut := httptest.NewRequest(http.MethodPost, "/cv/ocr/comm?access_token="+token, strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"img\"; filename=\"a\"\r\n\r\nGIF"))
	cut.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	wantCode(t, reply(t, do(sim, cut)), 41005)
}

func TestMediaCanBeFetchedForThreeDays(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	token := miniToken(t, sim)
	id := reply(t, do(sim, uploadRequest(t, "/cv/img/superresolution?access_token="+token, "img", "a.gif", "image/gif", gif)))["media_id"].(string)
	if w := get(t, sim, "/cgi-bin/media/get"+query("access_token", token, "media_id", id)); w.Body.String() != gif || w.Header().Get("Content-Type") != "image/gif" {
		t.Errorf("media = %q %q", w.Header(), w.Body)
	}
	added := sim.AddMedia("中 文.txt", "text/plain", []byte("hello"))
	w := get(t, sim, "/cgi-bin/media/get"+query("access_token", token, "media_id", added))
	if w.Body.String() != "hello" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment; filename") {
		t.Errorf("media = %q %q", w.Header(), w.Body)
	}
	wantCode(t, call(t, sim, "/cgi-bin/media/get"+query("access_token", token, "media_id", "x")), 40007)
	wantCode(t, call(t, sim, "/cgi-bin/media/get"+query("access_token", token)), 41006)
	sim.Advance(3 * 24 * time.Hour)
	wantCode(t, call(t, sim, "/cgi-bin/media/get"+query("access_token", miniToken(t, sim), "media_id", id)), 40007)
}

func TestMediaCanBeUploaded(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	target := "/cgi-bin/media/upload?access_token=" + miniToken(t, sim) + "&type="
	up := reply(t, do(sim, uploadRequest(t, target+"image", "media", "a.gif", "image/gif", gif)))
	wantFields(t, up, "type", "image", "created_at", float64(sim.Now().Unix()))
	if w := get(t, sim, "/cgi-bin/media/get"+query("access_token", miniToken(t, sim), "media_id", up["media_id"].(string))); w.Body.String() != gif {
		t.Errorf("media = %q", w.Body)
	}
	for name, tt := range map[string]struct {
		r    *http.Request
		want int
	}{
		"another type": {uploadRequest(t, target+"gif", "media", "a.gif", "image/gif", gif), 40004},
		"no file":      {httptest.NewRequest(http.MethodPost, target+"image", nil), 41005},
		"too large":    {uploadRequest(t, target+"thumb", "media", "a.gif", "image/gif", strings.Repeat("x", 64<<10+1)), 40006},
		"no token":     {uploadRequest(t, "/cgi-bin/media/upload?type=image", "media", "a.gif", "image/gif", gif), 41001},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, reply(t, do(sim, tt.r)), tt.want) })
	}
}

func TestTextsAreChecked(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	openID, token := miniOpenID(sim), miniToken(t, sim)
	ask := func(body string) map[string]any {
		return post(t, sim, "/wxa/msg_sec_check?access_token="+token, strings.ReplaceAll(body, "OPENID", openID))
	}
	wantCode(t, ask(`{"content":"hi","version":2,"scene":2,"openid":"OPENID"}`), 61010)
	startSession(t, sim)
	for text, want := range map[string]struct {
		suggest string
		label   float64
	}{"hi": {"pass", 100}, "this is risky": {"risky", 20001}, "请复审": {"review", 20012}} {
		answer := ask(`{"content":"` + text + `","version":2,"scene":2,"openid":"OPENID"}`)
		result, ok := answer["result"].(map[string]any)
		if !ok || result["suggest"] != want.suggest || result["label"] != want.label || answer["trace_id"] == "" {
			t.Errorf("%s: %v; want %v", text, answer, want)
		}
	}
	for _, tt := range []struct {
		name, body string
		want       int
	}{
		{"no content", `{"version":2,"scene":2,"openid":"OPENID"}`, 47001},
		{"empty content", `{"content":"","version":2,"scene":2,"openid":"OPENID"}`, 47001},
		{"2,501 characters", `{"content":"` + strings.Repeat("字", 2501) + `","version":2,"scene":2,"openid":"OPENID"}`, 47001},
		{"version 3", `{"content":"hi","version":3,"scene":2,"openid":"OPENID"}`, 47001},
		{"scene 5", `{"content":"hi","version":2,"scene":5,"openid":"OPENID"}`, 40129},
		{"no scene", `{"content":"hi","version":2,"openid":"OPENID"}`, 40129},
		{"no openid", `{"content":"hi","version":2,"scene":2}`, 40003},
		{"unknown openid", `{"content":"hi","version":2,"scene":2,"openid":"o"}`, 40003},
		{"openid of the official account", `{"content":"hi","version":2,"scene":2,"openid":"` + sim.Users()[0].OpenID + `"}`, 43104},
		{"escaped characters", `{"content":"\u4f60","version":2,"scene":2,"openid":"OPENID"}`, 0},
		{"an escaped backslash", `{"content":"\\u4f60","version":2,"scene":2,"openid":"OPENID"}`, 0},
		{"an array", `[]`, 47001},
		{"nothing", ``, 44002},
	} {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, ask(tt.body), tt.want) })
	}
	sim.Advance(2*time.Hour - time.Minute)
	token = miniToken(t, sim)
	wantCode(t, ask(`{"content":"hi","version":2,"scene":2,"openid":"OPENID"}`), 0)
	sim.Advance(time.Minute)
	wantCode(t, ask(`{"content":"hi","version":2,"scene":2,"openid":"OPENID"}`), 61010)
}

func TestMediaAreChecked(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	openID, token := miniOpenID(sim), miniToken(t, sim)
	startSession(t, sim)
	for _, tt := range []struct {
		name, body string
		want       int
	}{
		{"good", `{"media_url":"https://example.com/a.png","media_type":2,"version":2,"scene":1,"openid":"OPENID"}`, 0},
		{"no address", `{"media_type":2,"version":2,"scene":1,"openid":"OPENID"}`, 47001},
		{"bad address", `{"media_url":"a.png","media_type":2,"version":2,"scene":1,"openid":"OPENID"}`, 47001},
		{"media_type 3", `{"media_url":"https://example.com/a.png","media_type":3,"version":2,"scene":1,"openid":"OPENID"}`, 40004},
		{"version 3", `{"media_url":"https://example.com/a.png","media_type":2,"version":3,"scene":1,"openid":"OPENID"}`, 47001},
		{"scene 0", `{"media_url":"https://example.com/a.png","media_type":2,"version":2,"scene":0,"openid":"OPENID"}`, 40129},
		{"unknown openid", `{"media_url":"https://example.com/a.png","media_type":2,"version":2,"scene":1,"openid":"x"}`, 40003},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := post(t, sim, "/wxa/media_check_async?access_token="+token, strings.ReplaceAll(tt.body, "OPENID", openID))
			wantCode(t, answer, tt.want)
			if id, _ := answer["trace_id"].(string); tt.want == 0 && len(id) != 32 {
				t.Errorf("trace_id %q", id)
			}
		})
	}
}

func TestRiskRank(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	token := miniToken(t, sim)
	ask := func(appID, openID, scene, more string) map[string]any {
		return post(t, sim, "/wxa/getuserriskrank?access_token="+token, fmt.Sprintf(`{"appid":%q,"openid":%q,"scene":%s%s}`, appID, openID, scene, more))
	}
	const ip = `,"client_ip":"203.0.113.7"`
	wantCode(t, ask(sim.MiniAppID(), miniOpenID(sim), "0", ip), 61010)
	wantCode(t, ask(sim.MiniAppID(), miniOpenID(sim), "0", ip+`,"is_test":true`), 0)
	startSession(t, sim)
	wantFields(t, ask(sim.MiniAppID(), miniOpenID(sim), "1", ip), "errmsg", "getuserriskrank succ",
		"unoin_id", 2258658297.0, "risk_rank", 0.0)
	wantCode(t, ask(sim.AppID(), miniOpenID(sim), "0", ip), 40013)
	wantCode(t, ask(sim.MiniAppID(), miniOpenID(sim), "3", ip), 40129)
	wantCode(t, ask(sim.MiniAppID(), miniOpenID(sim), "0", ""), 47001)
	wantCode(t, ask(sim.MiniAppID(), sim.Users()[0].OpenID, "0", ip), 43104)
	wantCode(t, ask(sim.MiniAppID(), miniOpenID(sim), `"0"`, ip), 40129)
}

func TestUpdatableMessage(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	create := func() string {
		answer := call(t, sim, "/cgi-bin/message/wxopen/activityid/create"+query("access_token", miniToken(t, sim), "openid", miniOpenID(sim)))
		require.Equal(t, float64(sim.Now().Add(24*time.Hour).Unix()), answer["expiration_time"].(float64))
		return answer["activity_id"].(string)
	}
	send := func(id, state, parameters string) map[string]any {
		return post(t, sim, "/cgi-bin/message/wxopen/updatablemsg/send?access_token="+miniToken(t, sim),
			fmt.Sprintf(`{"activity_id":%q,"target_state":%s,"template_info":{"parameter_list":[%s]}}`, id, state, parameters))
	}
	const (
		waiting = `{"name":"member_count","value":"2"},{"name":"room_limit","value":"5"}`
		started = `{"name":"path","value":"pages/a"},{"name":"version_type","value":"release"}`
	)
	id := create()
	wantCode(t, send("x", "0", waiting), 47501)
	wantCode(t, send(id, "2", waiting), 47502)
	wantCode(t, send(id, `"0"`, waiting), 47001)
	wantCode(t, send(id, "0", started), 47001)
	wantCode(t, send(id, "0", `{"name":"member_count","value":2}`), 47001)
	wantCode(t, send(id, "0", waiting), 0)
	wantCode(t, send(id, "0", waiting), 0)
	wantCode(t, send(id, "1", `{"name":"path","value":"a"},{"name":"version_type","value":"beta"}`), 47503)
	wantCode(t, send(id, "1", `{"name":"version_type","value":"trial"}`), 47001)
	wantCode(t, send(id, "1", started), 0)
	wantCode(t, send(id, "0", waiting), 47502)
	wantCode(t, send(id, "1", started), 47502)
	late := create()
	sim.Advance(24 * time.Hour)
	wantCode(t, send(late, "0", waiting), 47504)
	wantCode(t, call(t, sim, "/cgi-bin/message/wxopen/activityid/create"+query("access_token", miniToken(t, sim), "openid", "x")), 40003)
}

func TestShortLink(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	token := miniToken(t, sim)
	ask := func(body string) map[string]any {
		return post(t, sim, "/wxa/genwxashortlink?access_token="+token, body)
	}
	for body, want := range map[string]string{
		`{"page_url":"/pages/a?b=1"}`:              "#小程序://模拟器/",
		`{"page_url":"pages/a","page_title":"标题"}`: "#小程序://模拟器/标题/",
		`{"page_url":"a","page_title":"一二三四五六七八九十一二三四五六七八九十末"}`: "#小程序://模拟器/一二三四五六七八九十一二三四五六七八九十.../",
	} {
		link, _ := ask(body)["link"].(string)
		if !strings.HasPrefix(link, want) || len(link) != len(want)+15 {
			t.Errorf("%s: link %q; want %s…", body, link, want)
		}
	}
	wantCode(t, ask(`{"page_url":"https://example.com/"}`), 40066)
	wantCode(t, ask(`{"page_url":"`+strings.Repeat("a", 1025)+`"}`), 40066)
	wantCode(t, ask(`{"page_title":"x"}`), 40066)
	wantCode(t, ask(`{"page_url":"a","page_title":"a\nb"}`), 40225)
	wantCode(t, ask(`{"page_url":"a","is_permanent":"yes"}`), 47001)
}

func TestSoter(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	ask := func(signature string) map[string]any {
		return post(t, sim, "/cgi-bin/soter/verify_signature?access_token="+miniToken(t, sim),
			fmt.Sprintf(`{"openid":%q,"json_string":"{\"raw\":1}","json_signature":%q}`, miniOpenID(sim), signature))
	}
	wantFields(t, ask(sim.SoterSignature(miniOpenID(sim), `{"raw":1}`)), "is_ok", true, "errcode", 0.0)
	wantFields(t, ask("x"), "is_ok", false, "errcode", nil) // no errcode
	wantCode(t, ask(""), 47001)
}

func FuzzMiniBodies(f *testing.F) {
	sim := wxsim.New(wxsim.Config{})
	token := miniToken(f, sim)
	paths := []string{
		"/wxa/msg_sec_check", "/wxa/media_check_async", "/wxa/getuserriskrank", "/wxa/genwxashortlink",
		"/cgi-bin/message/wxopen/updatablemsg/send", "/cgi-bin/soter/verify_signature", "/wxa/business/getuserphonenumber",
		"/datacube/getweanalysisappiddailyretaininfo", "/cv/ocr/comm",
	}
	f.Add(uint8(0), []byte(`{"content":"a","version":2,"scene":1,"openid":"o"}`), "application/json")
	f.Add(uint8(8), []byte("--x\r\nContent-Disposition: form-data; name=\"img\"; filename=\"a\"\r\n\r\nGIF89a\r\n--x--"), "multipart/form-data; boundary=x")
	f.Fuzz(func(t *testing.T, i uint8, body []byte, contentType string) {
		r := httptest.NewRequest(http.MethodPost, paths[int(i)%len(paths)]+"?access_token="+token, bytes.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		reply(t, do(sim, r))
	})
}
