package mpapi_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/mpapi"
)

const (
	testAppID = "wx0123456789abcdef"
	testToken = "TOKEN/of+the=app"
)

// An apiCase is one call of an API: what must go over the wire, what WeChat answers, and what the
// caller gets.
type apiCase struct {
	name   string
	call   func(context.Context, *mpapi.Client) (any, error)
	op     string            // "POST /wxa/msg_sec_check"
	query  url.Values        // beside access_token
	body   string            // the whole body, byte for byte; empty for a form
	form   map[string]string // the form's fields; a file is "name, type, content"
	kind   string            // Content-Type of the answer, default text/plain
	answer string
	want   any
}

// everyCase is the tables of all chapters.
func everyCase() (all []apiCase) {
	for _, chapter := range [][]apiCase{
		analyticsCases(), imageCases(), ocrCases(), securityCases(), messageCases(), riskCases(), linkCases(), soterCases(), mediaCases(),
	} {
		all = append(all, chapter...)
	}
	return all
}

// run makes each call against its answer.
func run(t *testing.T, cases []apiCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			w := &wechat{kind: tt.kind, answer: tt.answer}
			got, err := tt.call(t.Context(), w.api(t))
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			require.Len(t, w.seen, 1)
			sent := w.seen[0]
			query := url.Values{"access_token": {testToken}}
			maps.Copy(query, tt.query)
			require.Equal(t, tt.op, sent.op)
			require.Equal(t, query.Encode(), sent.query)
			require.Equal(t, tt.body, sent.body)
			require.Equal(t, tt.form, sent.form)
			if tt.body != "" && sent.kind != "application/json" {
				t.Errorf("Content-Type = %q", sent.kind)
			}
		})
	}
}

// A wechat answers every call in memory with the same bytes and notes what came.
type wechat struct {
	kind, answer string
	seen         []sent
}

type sent struct {
	op, query, kind, body string
	form                  map[string]string
}

func (w *wechat) api(tb testing.TB) *mpapi.Client {
	tb.Helper()
	c, err := core.NewClient(core.ClientConfig{
		AppID: testAppID, Secret: "a secret", Tokens: core.StaticToken(testToken),
		HTTPClient: webtest.InMemory(w), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(tb, err)
	return mpapi.New(c)
}

func (w *wechat) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s := sent{op: r.Method + " " + r.URL.Path, query: r.URL.RawQuery, kind: r.Header.Get("Content-Type")}
	if kind, params, _ := mime.ParseMediaType(s.kind); kind == "multipart/form-data" {
		s.form, _ = readForm(multipart.NewReader(r.Body, params["boundary"]))
	} else {
		body, _ := io.ReadAll(r.Body)
		s.body = string(body)
	}
	w.seen = append(w.seen, s)
	// WeChat says text/plain of most of its JSON.
	rw.Header().Set("Content-Type", cmp.Or(w.kind, "text/plain"))
	_, _ = io.WriteString(rw, w.answer)
}

func readForm(r *multipart.Reader) (map[string]string, error) {
	form := map[string]string{}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		} else if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		value := string(content)
		if part.FileName() != "" {
			value = part.FileName() + ", " + part.Header.Get("Content-Type") + ", " + value
		}
		form[part.FormName()] = value
	}
}

func TestEveryCallReportsARefusal(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		want         core.Code
	}{
		{"system busy", `{"errcode":-1,"errmsg":"system error"}`, core.ErrSystemBusy},
		{"the openid is of another app", `{"errcode":40003,"errmsg":"invalid openid hint: [x] rid: 652d44d0-1d0af18b-5b069232"}`, core.ErrInvalidOpenID},
		{"a quota is spent", `{"errcode":45009,"errmsg":"reach max api daily quota limit"}`, core.ErrQuota},
		{"the code is a string", `{"errcode":"42001","errmsg":"access_token expired"}`, core.ErrAccessToken},
		{"a token code", `{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest"}`, core.ErrAccessToken},
		{"not allowed", `{"errcode":48001,"errmsg":"api unauthorized"}`, core.ErrUnauthorizedAPI},
		{"no recent visit", `{"errcode":61010,"errmsg":"code is expired"}`, core.ErrNoRecentVisit},
		{"dates", `{"errcode":61501,"errmsg":"date range error"}`, core.Code(61501)},
		{"a picture that cannot be had", `{"errcode":101000,"errmsg":"invalid image url"}`, core.Code(101000)},
		{"the OCR quota", `{"errcode":101003,"errmsg":"not enough market quota"}`, core.Code(101003)},
		{"media", `{"errcode":40007,"errmsg":"invalid media_id"}`, core.Code(40007)},
		{"a state that cannot be", `{"errcode":47502,"errmsg":"invalid target_state"}`, core.Code(47502)},
		{"a code nobody knows", `{"errcode":987654321,"errmsg":"?"}`, core.Code(987654321)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, c := range everyCase() {
				w := &wechat{answer: tt.answer}
				_, err := c.call(t.Context(), w.api(t))
				refusal, ok := errors.AsType[*core.Error](err)
				if !errors.Is(err, tt.want) || !ok || refusal.Op != c.op {
					t.Errorf("%s: %v; want %v of %s", c.name, err, tt.want, c.op)
				}
			}
		})
	}
}

func TestEveryCallRefusesWhatIsNoAnswer(t *testing.T) {
	for _, tt := range []struct{ name, kind, answer string }{
		{"a proxy's page", "text/html; charset=utf-8", "<html><h1>502</h1>"},
		{"nothing", "application/json", ""},
		{"cut off", "application/json", `{"errcode":0,"errmsg":"o`},
		{"an errcode that is no number", "application/json", `{"errcode":"no"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, c := range everyCase() {
				w := &wechat{kind: tt.kind, answer: tt.answer}
				got, err := c.call(t.Context(), w.api(t))
				if wire, ok := errors.AsType[*core.WireError](err); !ok || wire.Kind != core.WireBody || wire.Op != c.op {
					t.Errorf("%s = %v, %v; want a WireError", c.name, got, err)
				}
			}
		})
	}
}

// An answer without its verdict must not pass for a good one.
func TestAnEmptyAnswerIsNoGoodNews(t *testing.T) {
	for _, c := range everyCase() {
		switch c.op {
		case "POST /wxa/msg_sec_check", "POST /wxa/media_check_async", "POST /wxa/getuserriskrank",
			"POST /wxa/genwxashortlink", "GET /cgi-bin/message/wxopen/activityid/create":
		default:
			continue
		}
		for _, answer := range []string{`{}`, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":0,"result":null,"trace_id":null,"risk_rank":null,"link":null}`} {
			w := &wechat{answer: answer}
			got, err := c.call(t.Context(), w.api(t))
			if wire, ok := errors.AsType[*core.WireError](err); !ok || wire.Op != c.op {
				t.Errorf("%s: %s = %v, %v; want a WireError", c.name, answer, got, err)
			}
		}
	}
}

func TestNoErrorShowsWhatWasSent(t *testing.T) {
	for _, c := range everyCase() {
		w := &wechat{answer: `{"errcode":40097,"errmsg":"invalid args ` + testToken + ` 13800000000 a@example.com 6222021234567890123"}`}
		_, err := c.call(t.Context(), w.api(t))
		if err == nil || strings.Contains(err.Error(), testToken) {
			t.Errorf("%s: %v shows the access token", c.name, err)
		}
		if c.op == "POST /wxa/getuserriskrank" && c.name == "everything is told" {
			for _, private := range []string{"13800000000", "a@example.com", "6222021234567890123"} {
				require.NotContains(t, err.Error(), private, c.name)
			}
		}
	}
}
