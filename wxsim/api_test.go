package wxsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// api calls the control API; the answer is decoded into result unless that is nil.
func api(tb testing.TB, sim *wxsim.Server, method, path, body string, status int, result any) {
	tb.Helper()
	w := do(sim, request(method, "/wxsim/api/"+path, body))
	if w.Code != status {
		tb.Fatalf("%s %s %s: status %d %s; want %d", method, path, body, w.Code, w.Body, status)
	}
	if result != nil {
		require.NoError(tb, json.Unmarshal(w.Body.Bytes(), result), "%s %s: %s", method, path, w.Body)
	}
}

type openAPI struct {
	OpenAPI string
	Servers []struct{ URL string }
	Paths   map[string]map[string]struct {
		Summary    string
		Parameters []struct{ Name, In string }
		Responses  map[string]json.RawMessage

		RequestBody *struct {
			Content map[string]struct{ Example json.RawMessage }
		}
	}
}

// Each route is described and each description is a route; the examples of the description work,
// and are answered as it says.
func TestTheDescriptionIsTrue(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.FormValue("echostr"))
	}))
	defer app.Close()
	sim := wxsim.New(wxsim.Config{Apps: []wxsim.App{{Kind: wxsim.Platform, AppID: "wxplatform"}}})
	user := sim.Users()[0].OpenID
	sim.NewJSCode(user)
	qr := post(t, sim, "/cgi-bin/qrcode/create?access_token="+accountToken(t, sim), `{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":1}}}`)
	fill := strings.NewReplacer(
		"$OPENID", user, "$APP", app.URL, "$AUTHORIZE", authorizeURL(sim, "snsapi_userinfo"), "$TICKET", qr["ticket"].(string),
		"$KEY", pushKey, "$SEALED", strings.ReplaceAll(sealedReply(t, sim, pushKey), `"`, `\"`),
	)
	var doc openAPI
	api(t, sim, http.MethodGet, "openapi.json", "", http.StatusOK, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || len(doc.Servers) != 1 || doc.Servers[0].URL != "/wxsim/api" {
		t.Errorf("description of %q at %v", doc.OpenAPI, doc.Servers)
	}
	described := map[string]bool{}
	for path, operations := range doc.Paths {
		for method, operation := range operations {
			name := strings.ToUpper(method) + " " + strings.TrimPrefix(path, "/")
			described[name] = true
			t.Run(name, func(t *testing.T) {
				require.NotEmpty(t, operation.Summary, "no summary")
				named := 0
				for _, p := range operation.Parameters {
					if p.In == "path" && strings.Contains(path, "{"+p.Name+"}") {
						named++
					}
				}
				require.Equal(t, strings.Count(path, "{"), named, "parameters of the path are described")
				body := ""
				if operation.RequestBody != nil {
					body = fill.Replace(string(operation.RequestBody.Content["application/json"].Example))
				}
				w := do(sim, request(strings.ToUpper(method), "/wxsim/api"+strings.NewReplacer("{openid}", user, "{appid}", "wxplatform").Replace(path), body))
				if _, ok := operation.Responses[w.Result().Status[:3]]; !ok {
					t.Errorf("status %d %s to the example %s", w.Code, w.Body, body)
				}
			})
		}
	}
	for _, route := range wxsim.APIRoutes() {
		require.True(t, described[route], route)
		delete(described, route)
	}
	require.Empty(t, described)
}

// sealedReply is what an app answers to a push in safe mode.
func sealedReply(t *testing.T, sim *wxsim.Server, key string) string {
	t.Helper()
	r, err := sim.NewPush(t.Context(), "http://app.example/", wxsim.PushConfig{Token: "t", EncodingAESKey: key, AppID: sim.AppID(), OpenID: "o"}, []byte(`{"ToUserName":"gh"}`))
	require.NoError(t, err)
	var sealed struct{ Encrypt string }
	require.NoError(t, json.NewDecoder(r.Body).Decode(&sealed))
	query := r.URL.Query()
	return `{"Encrypt":"` + sealed.Encrypt + `","MsgSignature":"` + query.Get("msg_signature") + `","TimeStamp":` + query.Get("timestamp") + `,"Nonce":"` + query.Get("nonce") + `"}`
}

func TestALoginByTheControlAPI(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	var user struct{ OpenID string }
	api(t, sim, http.MethodPost, "users", `{"openid":"oRed","nickname":"小红"}`, http.StatusCreated, &user)
	var to struct{ Location, Second string }
	consent := func(decision string) *url.URL {
		t.Helper()
		api(t, sim, http.MethodPost, "consent", `{"url":"`+authorizeURL(sim, "snsapi_userinfo")+`","user":"oRed","decision":"`+decision+`","callbacks":"other"}`, http.StatusOK, &to)
		u, err := url.Parse(to.Location)
		require.NoError(t, err)
		return u
	}
	if back := consent("refuse"); back.Query().Has("code") || back.Query().Get("state") != "s1" {
		t.Errorf("refused, it leads to %s", back)
	}
	if back := consent("allow"); call(t, sim, exchangeURL(sim, back.Query().Get("code")))["openid"] != "oRed" || to.Second == "" || to.Second == to.Location {
		t.Errorf("allowed, it leads to %s and %s", back, to.Second)
	}
	api(t, sim, http.MethodPut, "answer", `{"decision":"snapshot","user":"oRed"}`, http.StatusOK, nil)
	// a standing answer
	wantFields(t, call(t, sim, exchangeURL(sim, logIn(t, sim, "snsapi_userinfo"))), "is_snapshotuser", 1.0)
	api(t, sim, http.MethodPut, "answer", `{"decision":"refuse"}`, http.StatusOK, nil)
	if code := location(t, get(t, sim, authorizeURL(sim, "snsapi_base"))).Query().Get("code"); code != "" {
		t.Error("a standing refusal gives a code")
	}
	api(t, sim, http.MethodPut, "answer", `{"decision":"ask"}`, http.StatusOK, nil)
	wantStatus(t, get(t, sim, authorizeURL(sim, "snsapi_userinfo")), http.StatusOK)

	ticket := openQR(t, sim) // of a website, which a phone scans
	api(t, sim, http.MethodPost, "consent", `{"url":"http://sim.example/wxsim/scan?ticket=`+ticket+`","user":"oRed"}`, http.StatusNoContent, nil)
	wantDesktop(t, sim, ticket, "decided")
}

// What a phone gets for an app is for the app whose openid is named.
func TestCodesByTheControlAPI(t *testing.T) {
	sim := wxsim.New(wxsim.Config{Apps: []wxsim.App{{Kind: wxsim.MiniProgram, AppID: "wxmini1", Secret: "1"}, {Kind: wxsim.MiniProgram, AppID: "wxmini2", Secret: "2"}}})
	user := sim.Users()[0]
	second := sim.OpenID("wxmini2", user)
	var made struct{ Code string }
	code := func(openID, body string) string {
		t.Helper()
		api(t, sim, http.MethodPost, "users/"+openID+"/codes", body, http.StatusCreated, &made)
		return made.Code
	}
	session := call(t, sim, "/sns/jscode2session"+query("appid", "wxmini2", "secret", "2", "js_code", code(second, ``), "grant_type", "authorization_code"))
	wantFields(t, session, "openid", second) // that of the second mini program
	wantCode(t, call(t, sim, exchangeURL(sim, code(user.OpenID, `{"kind":"web"}`))), 0)
	base := call(t, sim, exchangeURL(sim, code(user.OpenID, `{"kind":"web","scope":"snsapi_base"}`)))
	wantFields(t, base, "scope", "snsapi_base")
	phone := post(t, sim, "/wxa/business/getuserphonenumber?access_token="+miniToken(t, sim), `{"code":"`+code(user.OpenID, `{"kind":"phone"}`)+`"}`)
	wantCode(t, phone, 0)
	wantCode(t, post(t, sim, "/wxa/getpluginopenpid?access_token="+miniToken(t, sim), `{"code":"`+code(user.OpenID, `{"kind":"plugin"}`)+`"}`), 0)
	for _, bad := range []string{`{"kind":"web","appid":"wxnobody"}`, `{"kind":"web","scope":"all"}`} {
		api(t, sim, http.MethodPost, "users/"+user.OpenID+"/codes", bad, http.StatusBadRequest, nil)
	}
}

func TestAppsByTheControlAPI(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	var app wxsim.App
	api(t, sim, http.MethodPost, "apps", `{"kind":"official_account","appid":"wxshop","push":{"url":"http://127.0.0.1:1/","token":"t","mode":"plain","format":"xml"}}`, http.StatusCreated, &app)
	secret := app.Secret
	app = wxsim.App{}
	api(t, sim, http.MethodPost, "apps", `{"kind":"official_account","appid":"wxshop","name":"小店"}`, http.StatusCreated, &app)
	if app.Name != "小店" || app.Secret != secret || app.Push != nil {
		t.Errorf("app %+v; want a new name, the old secret and no push", app)
	}
	api(t, sim, http.MethodPost, "apps", `{"kind":"mini_program","appid":"wxshop"}`, http.StatusBadRequest, nil)
	for _, push := range []string{`{"url":"x","token":"t"}`, `{"url":"http://a/","token":""}`, `{"url":"http://a/","token":"t","encoding_aes_key":"short"}`, `{"url":"http://a/","token":"t","mode":"loud"}`} {
		api(t, sim, http.MethodPost, "apps", `{"kind":"official_account","push":`+push+`}`, http.StatusBadRequest, nil)
	}
	api(t, sim, http.MethodPost, "apps", `{"kind":"official_account","logo":"javascript:alert(1)"}`, http.StatusBadRequest, nil)
	wantText(t, get(t, sim, "/wxsim/api/apps"), `"name":"小店"`)
}

func TestTheControlAPISaysWhatIsWrong(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	user := sim.Users()[0].OpenID
	for _, tt := range []struct {
		method, path, body string
		status             int
		chinese, english   string
	}{
		{http.MethodGet, "nothing", ``, 404, "没有 GET /wxsim/api/nothing", "there is no GET /wxsim/api/nothing"},
		{http.MethodDelete, "users", ``, 404, "没有 DELETE", "there is no DELETE"},
		{http.MethodPost, "users/oNobody/revoke", ``, 404, "没有这个", "no user"},
		{http.MethodPost, "users", `{"nick":"x"}`, 400, "请求不对", `unknown field "nick"`},
		{http.MethodPost, "users", `{`, 400, "请求不对", "unexpected EOF"},
		{http.MethodPost, "users", `{"follows":["wxnobody"]}`, 400, "请求不对", "follows[0] is the appid of no app"},
		{http.MethodPost, "clock", `{"by":"soon"}`, 400, "时长", "duration"},
		{http.MethodPost, "clock", `{"by":"-5m"}`, 400, "时长", "duration"},
		{http.MethodPut, "switches", `{"x":true}`, 400, "请求不对", "no switch"},
		{http.MethodPut, "limits", `{"/x":{"per_minute":1}}`, 400, "请求不对", "limits./x"},
		{http.MethodPost, "faults", `{"path":"*","kind":"x"}`, 400, "请求不对", "no kind of fault"},
		{http.MethodPost, "faults", `{"path":"/x","kind":"html"}`, 400, "请求不对", "path is no path"},
		{http.MethodPost, "faults", `{"path":"*","kind":"status","number":99}`, 400, "请求不对", "number must be from 200 to 599"},
		{http.MethodPost, "faults", `{"path":"*","kind":"delay","number":1,"then":{"kind":"header"}}`, 400, "请求不对", "name is empty"},
		{http.MethodPost, "consent", `{"url":"/connect/oauth2/authorize?appid="}`, 400, "请求不对", "error page 10012"},
		{http.MethodPost, "consent", `{"url":"` + authorizeURL(sim, "snsapi_base") + `","user":"oNobody"}`, 400, "请求不对", "no such user"},
		{http.MethodPost, "consent", `{"url":"x","decision":"maybe"}`, 400, "decision 只能是", "decision must be"},
		{http.MethodPut, "answer", `{"decision":"allow","callbacks":"thrice"}`, 400, "请求不对", "must be one of once, same, other"},
		{http.MethodPost, "users/" + user + "/codes", `{"kind":"x"}`, 400, "kind 只能是", "kind must be"},
		{http.MethodPost, "users/" + user + "/data", `{}`, 409, "还没有登录过", "has not logged in"},
		{http.MethodPost, "users/" + user + "/scan", `{"code":"x"}`, 400, "请求不对", "QR code"},
		{http.MethodPost, "push", `{"event":{"type":"text","openid":"` + user + `"}}`, 409, "没有配置推送", "no push URL"},
		{http.MethodPost, "push", `{"event":{"type":"text","appid":"wx"}}`, 404, "没有这个 appid", "no app"},
		{http.MethodPost, "push", `{"event":{"type":"text","openid":"` + user + `"},"target":{"url":"http://127.0.0.1:1/","token":"t","mode":"plain"}}`, 502, "推送失败", "the push failed"},
		{http.MethodGet, "apps/wxnobody/verify_ticket", ``, 404, "没有这个第三方平台", "no platform"},
		{http.MethodGet, "calls?timeout=1h", ``, 400, "最长一分钟", "at most a minute"},
		{http.MethodGet, "calls?count=x", ``, 400, "不是整数", "is not a number"},
	} {
		for lang, want := range map[string]string{"zh-CN": tt.chinese, "en-US": tt.english} {
			r := request(tt.method, "/wxsim/api/"+tt.path, tt.body)
			r.Header.Set("Accept-Language", lang)
			w := do(sim, r)
			var problem struct{ Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != tt.status || !strings.Contains(problem.Error, want) {
				t.Errorf("%s %s %s: status %d %s, want %d %s", tt.method, tt.path, tt.body, w.Code, w.Body, tt.status, want)
			}
		}
	}
}

func TestCallsAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := wxsim.New(wxsim.Config{})
		call(t, sim, "/sns/auth")
		type calls struct {
			Calls []struct {
				Path   string
				Code   int
				Number int
			}
			Last, Total int
		}
		var seen calls
		api(t, sim, http.MethodGet, "calls?path=/sns/auth&code=41001", "", http.StatusOK, &seen)
		if len(seen.Calls) != 1 || seen.Calls[0].Path != "/sns/auth" || seen.Last != 1 || seen.Total != 1 {
			t.Errorf("calls %+v", seen)
		}
		api(t, sim, http.MethodGet, "calls?path=/sns/auth&code=0", "", http.StatusOK, &seen)
		require.Empty(t, seen.Calls, seen)
		go func() {
			for range 2 {
				time.Sleep(time.Second)
				get(t, sim, "/sns/userinfo")
			}
		}()
		start := time.Now()
		api(t, sim, http.MethodGet, "calls?path=/sns/userinfo&after=1&count=2", "", http.StatusOK, &seen)
		if waited := time.Since(start); waited != 2*time.Second || len(seen.Calls) != 2 {
			t.Errorf("after %v: %+v", waited, seen)
		}
		api(t, sim, http.MethodGet, "calls?path=/sns/userinfo&count=3&timeout=3s", "", http.StatusOK, &seen)
		if waited := time.Since(start); waited != 5*time.Second || len(seen.Calls) != 2 {
			t.Errorf("after %v: %+v; want what there is", waited, seen)
		}
	})
}

// Pages of other sites get nothing; those of the listed origins do.
func TestOnlyListedOriginsUseTheControlAPI(t *testing.T) {
	sim := wxsim.New(wxsim.Config{CORSOrigins: []string{"http://localhost:5173"}})
	for origin, want := range map[string]struct {
		post, preflight int
		allowed         string
	}{
		"http://localhost:5173": {http.StatusNoContent, http.StatusNoContent, "http://localhost:5173"},
		"http://evil.example":   {http.StatusForbidden, http.StatusNotFound, ""},
		"":                      {http.StatusNoContent, http.StatusNotFound, ""},
	} {
		for method, status := range map[string]int{http.MethodPost: want.post, http.MethodOptions: want.preflight} {
			r := request(method, "/wxsim/api/reset", "")
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			if w := do(sim, r); w.Code != status || w.Header().Get("Access-Control-Allow-Origin") != want.allowed {
				t.Errorf("%s from %q: status %d, allows %q", method, origin, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
			}
		}
	}
	bad := wxsim.Config{CORSOrigins: []string{"localhost"}}
	if err := bad.Check(); err == nil || !strings.Contains(err.Error(), "cors[0]") {
		t.Errorf("Check = %v", err)
	}
}

func TestEveryKindOfFaultHasAName(t *testing.T) {
	sim := wxsim.New(wxsim.Config{})
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Enum []any }
			}
		}
	}
	api(t, sim, http.MethodGet, "openapi.json", "", http.StatusOK, &doc)
	kinds := doc.Components.Schemas["Fault"].Properties["kind"].Enum
	for _, kind := range kinds {
		spec := wxsim.FaultSpec{Path: "/sns/auth", Kind: kind.(string), Name: "n", URL: "/", Number: 300}
		if err := sim.FailWith(spec); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	require.Equal(t, len(kinds)-4, strings.Count(get(t, sim, "/").Body.String(), "data-number="), len(kinds))
}
