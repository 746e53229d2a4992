package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A world is a backend and its WeChat.
type world struct {
	*testing.T

	sim     *wxsim.Server
	console wxsim.PushConfig
	backend *backend
	handler http.Handler
	openID  string // of the first user
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sim := wxsim.New(wxsim.Config{Users: wxsim.MadeUpUsers(2), OldProfiles: true})
	require.NoError(t, sim.Start())
	t.Cleanup(sim.Close)
	w := &world{T: t, sim: sim, console: wxsim.PushConfig{Token: "pushtoken", EncodingAESKey: strings.Repeat("a", 43)}}
	w.openID = sim.OpenID(sim.MiniAppID(), sim.Users()[0])
	s, err := readSettings(getenv(map[string]string{
		"PUBLIC_URL":        "https://shop.example.com",
		"WECHAT_MINI_APPID": sim.MiniAppID(), "WECHAT_MINI_SECRET": sim.MiniSecret(), "WECHAT_API_URL": sim.URL,
		"PUSH_TOKEN": w.console.Token, "PUSH_AES_KEY": w.console.EncodingAESKey,
	}))
	require.NoError(t, err)
	w.backend, err = newBackend(s)
	require.NoError(t, err)
	w.handler = w.backend.routes()
	return w
}

func getenv(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// An answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(r *http.Request) answer {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header(), strings.TrimSpace(rec.Body.String())}
}

// call is a wx.request of a client.
func (w *world) call(method, path, token, body string) answer {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.do(r)
}

// logIn is what a client does first.
func (w *world) logIn(openID string) (token string) {
	w.Helper()
	got := w.call(http.MethodPost, "/mini/login", "", `{"code":"`+w.sim.NewJSCode(openID)+`"}`)
	var login struct{ Token string }
	if err := json.Unmarshal([]byte(got.body), &login); err != nil || login.Token == "" {
		w.Fatalf("the login: %d %s", got.status, got.body)
	}
	return login.Token
}

// push delivers an event as WeChat does.
func (w *world) push(event []byte) {
	w.Helper()
	r, err := w.sim.NewPush(w.Context(), "http://shop.example.com/push", w.console, event)
	require.NoError(w, err)
	w.wantOK(w.do(r))
}

// want fails the test unless the answer is this one.
func (w *world) want(got answer, status int, body string) {
	w.Helper()
	if got.status != status || got.body != body {
		w.Errorf("answer: %d %s\nwant    %d %s", got.status, got.body, status, body)
	}
}

// wantOK fails the test unless the answer is a good one that holds all of this.
func (w *world) wantOK(got answer, texts ...string) {
	w.Helper()
	if got.status != http.StatusOK {
		w.Errorf("answer: %d %s", got.status, got.body)
	}
	for _, text := range texts {
		require.Contains(w, got.body, text)
	}
}

func encrypted(t *testing.T, sim *wxsim.Server, openID string) string {
	t.Helper()
	data, iv, err := sim.EncryptData(openID, sim.UserData(openID))
	require.NoError(t, err)
	return `{"encryptedData":"` + data + `","iv":"` + iv + `"}`
}

func TestAReplacedSessionKeyMeansLogInAgain(t *testing.T) {
	w := newWorld(t)
	token := w.logIn(w.openID)
	w.sim.NewJSCode(w.openID) // wx.login once more: a new key
	data := encrypted(t, w.sim, w.openID)
	w.want(w.call(http.MethodPost, "/mini/decrypt", token, data), http.StatusUnauthorized, `{"error":"session_expired"}`)

	token = w.logIn(w.openID)
	w.wantOK(w.call(http.MethodPost, "/mini/decrypt", token, encrypted(t, w.sim, w.openID)), "小明")
}

func TestNicknameAndAvatarAreChosen(t *testing.T) {
	w := newWorld(t)
	token := w.logIn(w.openID)
	w.wantOK(w.call(http.MethodPost, "/mini/nickname", token, `{"nickname":"小红"}`), `"nickname":"小红"`)
	w.want(w.call(http.MethodPost, "/mini/nickname", token, `{"nickname":"risky"}`), http.StatusBadRequest, `{"error":"bad_request","detail":"bad request: this nickname is not to be shown"}`)

	var me user
	require.NoError(t, json.Unmarshal([]byte(w.uploadTo("/mini/avatar", token, "a.gif", gif).body), &me))
	address, err := url.Parse(me.AvatarURL)
	require.NoError(t, err)
	require.Equal(t, "小红", me.Nickname)
	w.want(w.call(http.MethodGet, address.RequestURI(), "", ""), http.StatusOK, gif)
}

func TestWhatIsRefused(t *testing.T) {
	const badObject = `{"error":"bad_request","detail":"bad request: the body is not the JSON object that is expected"}`
	w := newWorld(t)
	token := w.logIn(w.openID)
	used := w.sim.NewPhoneCode(w.openID)
	w.call(http.MethodPost, "/mini/phone", token, `{"code":"`+used+`"}`)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		answer                   string
	}{
		{"a phone code that was used", http.MethodPost, "/mini/phone", `{"code":"` + used + `"}`, 400, `{"error":"invalid_code"}`},
		{"a login code as phone code", http.MethodPost, "/mini/phone", `{"code":"` + w.sim.NewJSCode(w.openID) + `"}`, 400, `{"error":"invalid_code"}`},
		{"no phone code", http.MethodPost, "/mini/phone", `{}`, 400, `{"error":"bad_request","detail":"mpauth: bad argument: code is empty"}`},
		{"no JSON", http.MethodPost, "/mini/phone", `code=1`, 400, badObject},
		{"two objects", http.MethodPost, "/mini/phone", `{"code":"1"}{}`, 400, badObject},
		{"a list", http.MethodPost, "/mini/check/text", `["hello"]`, 400, badObject},
		{"too much of it", http.MethodPost, "/mini/check/text", `{"content":"` + strings.Repeat("x", maxJSON) + `"}`, 413, `{"error":"too_large"}`},
		{"no text", http.MethodPost, "/mini/check/text", `{}`, 400, `{"error":"bad_request","detail":"mpapi: content is missing"}`},
		{"a long text", http.MethodPost, "/mini/check/text", `{"content":"` + strings.Repeat("字", 2501) + `"}`, 400, `{"error":"bad_request","detail":"mpapi: content has 2501 characters, at most 2500 are allowed"}`},
		{"data that is not WeChat's", http.MethodPost, "/mini/decrypt", `{"encryptedData":"AAAA","iv":"AAAA"}`, 400, `{"error":"bad_request","detail":"mpauth: malformed encryptedData or iv, or data of another mini program"}`},
		{"a picture without a form", http.MethodPost, "/mini/check/picture", `GIF89a`, 400, `{"error":"bad_request","detail":"bad request: a multipart form is expected"}`},
		{"another method", http.MethodGet, "/mini/phone", ``, 404, `{"error":"not_found"}`},
		{"another path", http.MethodGet, "/", ``, 404, `{"error":"not_found"}`},
		{"a picture that is not there", http.MethodGet, "/picture?id=x", ``, 404, `{"error":"not_found"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.T = t
			w.want(w.call(tt.method, tt.path, token, tt.body), tt.status, tt.answer)
		})
	}
}

func TestStrangersGetNothing(t *testing.T) {
	w := newWorld(t)
	for _, route := range []string{"GET /mini/me", "POST /mini/phone", "POST /mini/decrypt", "POST /mini/check/text", "POST /mini/check/picture", "GET /mini/check/picture"} {
		method, path, _ := strings.Cut(route, " ")
		for _, token := range []string{"", "made-up"} {
			w.want(w.call(method, path, token, ""), http.StatusUnauthorized, `{"error":"login_required"}`)
		}
	}
}

func TestWeChatHasTroubles(t *testing.T) {
	for _, tt := range []struct {
		name   string
		path   string
		fault  wxsim.Fault
		status int
		answer string
	}{
		{"a gateway's page", "/wxa/msg_sec_check", wxsim.Status(502), 502, `{"error":"upstream"}`},
		{"busy", "/wxa/msg_sec_check", wxsim.Code(-1), 502, `{"error":"upstream"}`},
		{"the quota is spent", "/wxa/msg_sec_check", wxsim.Code(45009), 429, `{"error":"limited"}`},
		{"a wrong secret", "/cgi-bin/stable_token", wxsim.Code(40125), 500, `{"error":"config"}`},
		{"a wrong secret in the other words of WeChat", "/cgi-bin/stable_token", wxsim.Code(40001), 500, `{"error":"config"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			token := w.logIn(w.openID)
			w.sim.Fail(tt.path, tt.fault)
			got := w.call(http.MethodPost, "/mini/check/text", token, `{"content":"hello"}`)
			w.want(got, tt.status, tt.answer)
			require.Equal(t, tt.status == 429, got.header.Get("Retry-After") != "", "Retry-After")
		})
	}
	t.Run("the user has left hours ago", func(t *testing.T) {
		w := newWorld(t)
		token := w.logIn(w.openID)
		w.sim.Advance(3 * time.Hour)
		w.want(w.call(http.MethodPost, "/mini/check/text", token, `{"content":"hello"}`), http.StatusForbidden, `{"error":"no_recent_visit"}`)
	})
	t.Run("too slow", func(t *testing.T) {
		status, p := problemOf(&core.WireError{Kind: core.WireTimeout})
		require.Equal(t, http.StatusGatewayTimeout, status)
		require.Equal(t, "upstream", p.Word)
	})
	t.Run("something else", func(t *testing.T) {
		status, p := problemOf(errors.New("text for the log"))
		require.Equal(t, http.StatusBadGateway, status)
		require.Equal(t, problem{Word: "upstream"}, p)
	})
}

func TestWeChatTellsWhatUsersWithdraw(t *testing.T) {
	const (
		gone    = `{"error":"session_expired"}`
		cleared = `"phone":"13800138000"}`
	)
	for event, want := range map[string]string{
		"user_authorization_revoke":       gone,
		"user_authorization_cancellation": gone,
		"user_info_modified":              cleared,
	} {
		t.Run(event, func(t *testing.T) {
			w := newWorld(t)
			other := w.logIn(w.sim.Users()[1].OpenID)
			token := w.logIn(w.openID)
			w.call(http.MethodPost, "/mini/phone", token, `{"code":"`+w.sim.NewPhoneCode(w.openID)+`"}`)
			w.call(http.MethodPost, "/mini/decrypt", token, encrypted(t, w.sim, w.openID))
			id := w.mediaURL(w.upload(token, "a.gif", gif))
			w.wantOK(w.call(http.MethodGet, "/mini/me", token, ""), "小明")

			w.push(w.sim.AuthorizationEvent(wxsim.PushXML, event, w.openID))
			if got := w.call(http.MethodGet, "/mini/me", token, ""); !strings.HasSuffix(got.body, want) {
				t.Errorf("after: %d %s", got.status, got.body)
			}
			require.Equal(t, want == gone, w.call(http.MethodGet, id, "", "").status == http.StatusNotFound,
				"the picture")
			w.wantOK(w.call(http.MethodGet, "/mini/me", other, "")) // somebody else
			if want == gone {
				w.want(w.call(http.MethodGet, "/mini/check/picture", w.logIn(w.openID), ""), http.StatusOK, `{"checks":[]}`)
			}
		})
	}
}

func TestForgedMessagesChangeNothing(t *testing.T) {
	w := newWorld(t)
	token := w.logIn(w.openID)
	w.console.Token = "guessed"
	r, err := w.sim.NewPush(t.Context(), "http://shop.example.com/push", w.console, w.sim.AuthorizationEvent(wxsim.PushJSON, "user_authorization_revoke", w.openID))
	require.NoError(t, err)
	w.want(w.do(r), http.StatusForbidden, "")
	w.wantOK(w.call(http.MethodGet, "/mini/me", token, ""))
}

// gif is a picture of one point.
const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00"

// upload is a wx.uploadFile of a client.
func (w *world) upload(token, name, data string) answer {
	w.Helper()
	return w.uploadTo("/mini/check/picture", token, name, data)
}

func (w *world) uploadTo(path, token, name, data string) answer {
	w.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("comment", "comes first")
	part, err := form.CreateFormFile("file", name)
	require.NoError(w, err)
	_, _ = part.Write([]byte(data))
	_ = form.Close()
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+token)
	return w.do(r)
}

// mediaURL is where WeChat was asked to download the picture of an upload, as path and query.
func (w *world) mediaURL(got answer) string {
	w.Helper()
	w.wantOK(got)
	log := w.sim.Log()
	last := log[len(log)-1]
	var ask struct {
		MediaURL string `json:"media_url"`
	}
	if err := json.Unmarshal(last.Body, &ask); err != nil || last.Path != "/wxa/media_check_async" {
		w.Fatalf("WeChat was asked %s %s", last.Path, last.Body)
	}
	path, ok := strings.CutPrefix(ask.MediaURL, "https://shop.example.com/")
	require.True(w, ok, ask.MediaURL)
	return "/" + path
}

func traceID(t *testing.T, got answer) string {
	t.Helper()
	var c shownCheck
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || c.TraceID == "" {
		t.Fatalf("the upload: %d %s", got.status, got.body)
	}
	return c.TraceID
}

func TestAPictureIsCheckedAndTheVerdictPushed(t *testing.T) {
	failed := func(event []byte) []byte {
		return bytes.Replace(event, []byte(`"errcode":0,"errmsg":"ok"`), []byte(`"errcode":-1008,"errmsg":"download failed"`), 1)
	}
	same := func(event []byte) []byte { return event }
	for _, tt := range []struct {
		suggest string
		edit    func([]byte) []byte
		status  string
		shown   bool // with its address
		kept    bool
	}{
		{"pass", same, "pass", true, true},
		{"review", same, "review", false, true},
		{"risky", same, "risky", false, false},
		{"pass", failed, "failed", false, true},
	} {
		t.Run(tt.status, func(t *testing.T) {
			w := newWorld(t)
			token, other := w.logIn(w.openID), w.logIn(w.sim.Users()[1].OpenID)
			up := w.upload(token, "a.gif", gif)
			path, trace := w.mediaURL(up), traceID(t, up)
			pending := `{"trace_id":"` + trace + `","status":"pending"}`
			w.want(up, http.StatusOK, pending)
			w.want(w.call(http.MethodGet, "/mini/check/picture", token, ""), http.StatusOK, `{"checks":[`+pending+`]}`)

			download := w.call(http.MethodGet, path, "", "") // WeChat does
			w.want(download, http.StatusOK, gif)
			require.Equal(t, "image/gif", download.header.Get("Content-Type"))
			w.push(tt.edit(w.sim.MediaCheckEvent(wxsim.PushJSON, w.openID, trace, tt.suggest)))

			settled := `{"trace_id":"` + trace + `","status":"` + tt.status + `"`
			if tt.shown {
				settled += `,"url":"https://shop.example.com` + path + `"`
			}
			w.want(w.call(http.MethodGet, "/mini/check/picture", token, ""), http.StatusOK, `{"checks":[`+settled+`}]}`)
			require.Equal(t, tt.kept, w.call(http.MethodGet, path, "", "").status == http.StatusOK,
				"the picture after the verdict")
			w.want(w.call(http.MethodGet, "/mini/check/picture", other, ""), http.StatusOK, `{"checks":[]}`)
		})
	}
}

func TestTheSimulatorJudgesByTheName(t *testing.T) {
	s, err := readSettings(getenv(map[string]string{"WXSIM_ADDR": "127.0.0.1:0"}))
	require.NoError(t, err)
	w := &world{T: t}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))
	defer server.Close()
	s.publicURL = server.URL
	sim, err := simulate(s)
	require.NoError(t, err)
	defer sim.close()
	w.backend, err = newBackend(s)
	require.NoError(t, err)
	w.sim, w.backend.onPicture, w.handler = sim.Server, sim.judge, w.backend.routes()
	token := w.logIn(sim.Users()[0].OpenID)
	w.upload(token, "cat.gif", gif)
	w.upload(token, "risky.gif", gif)
	sim.pushes.Wait()
	got := w.call(http.MethodGet, "/mini/check/picture", token, "")
	require.Equal(t, 1, strings.Count(got.body, `"status":"pass"`))
	require.Equal(t, 1, strings.Count(got.body, `"status":"risky"`))
}

func TestPicturesThatAreNotTaken(t *testing.T) {
	w := newWorld(t)
	token := w.logIn(w.openID)
	w.want(w.upload(token, "a.gif", "<svg onload='alert(1)'/>"), 400, `{"error":"bad_request","detail":"bad request: the file is no PNG, JPEG, GIF or BMP"}`)
	w.want(w.upload(token, "a.gif", gif+strings.Repeat("x", maxPicture)), 413, `{"error":"too_large"}`)
	w.want(w.upload(token, "a.gif", gif+strings.Repeat("x", 2*maxPicture)), 413, `{"error":"too_large"}`)

	for body, detail := range map[string]string{
		"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nGIF8": "the form is cut off or malformed",
		"--b--\r\n": "the form has no file",
	} {
		r := httptest.NewRequest(http.MethodPost, "/mini/check/picture", strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		r.Header.Set("Authorization", "Bearer "+token)
		w.want(w.do(r), 400, `{"error":"bad_request","detail":"bad request: `+detail+`"}`)
	}

	w.sim.Fail("/wxa/media_check_async", wxsim.Code(45009))
	w.want(w.upload(token, "a.gif", gif), 429, `{"error":"limited"}`)
	require.Zero(t, w.backend.memory.files.Len(), "pictures are kept")
}
