package core_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/wxoauth/wxoauth/core"
)

// pretend is a WeChat in memory. Programs leave HTTPClient out and talk to the real one.
func pretend(answers map[string]string) *http.Client {
	return &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answers[r.URL.Path]))}, nil
	})}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Any API of WeChat is a Request and a result type. The app access token is fetched, renewed and
// added by itself.
func ExampleCall() {
	client, err := core.NewClient(core.ClientConfig{
		AppID: "wx0123456789abcdef", Secret: "the AppSecret",
		HTTPClient: pretend(map[string]string{
			"/cgi-bin/stable_token": `{"access_token":"ACCESS_TOKEN","expires_in":7200}`,
			"/wxa/genwxashortlink":  `{"errcode":0,"errmsg":"ok","link":"#小程序://示例/abc"}`,
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	type request struct {
		PageURL string `json:"page_url"`
	}
	type result struct {
		Link string `json:"link"`
	}
	got, err := core.Call[result](context.Background(), client, core.Post("/wxa/genwxashortlink", request{"pages/index?a=1&b=2"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(got.Link)
	// Output: #小程序://示例/abc
}

// A refusal is an [core.Error] that unwraps to its code; everything else on the way is a
// [core.WireError]. Both are safe to log.
func ExampleCode() {
	client, err := core.NewClient(core.ClientConfig{
		AppID: "wx0123456789abcdef", Secret: "the AppSecret",
		HTTPClient: pretend(map[string]string{
			"/sns/oauth2/access_token": `{"errcode":40163,"errmsg":"code been used, rid: 652d44d0-1d0af18b-5b069232"}`,
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := core.Get("/sns/oauth2/access_token", url.Values{
		"appid": {client.AppID()}, "secret": {string(client.Secret())}, "code": {"CODE"}, "grant_type": {"authorization_code"},
	})
	request.NoToken, request.Once = true, true
	_, err = core.Call[struct{}](context.Background(), client, request)

	if errors.Is(err, core.ErrCodeUsed) {
		fmt.Println("the callback came twice")
	}
	if refusal, ok := errors.AsType[*core.Error](err); ok {
		fmt.Println("quote to WeChat's support:", refusal.RID)
	}
	if wire, ok := errors.AsType[*core.WireError](err); ok {
		fmt.Println("not reached:", wire.Kind)
	}
	fmt.Println(err)
	// Output:
	// the callback came twice
	// quote to WeChat's support: 652d44d0-1d0af18b-5b069232
	// wechat: GET /sns/oauth2/access_token: code been used, rid: 652d44d0-1d0af18b-5b069232 (errcode 40163)
}

// A company where one service owns the token asks that service.
func ExampleTokenFunc() {
	client, err := core.NewClient(core.ClientConfig{
		AppID: "wx0123456789abcdef", Secret: "the AppSecret",
		Tokens: core.TokenFunc(func(context.Context) (string, error) {
			return "TOKEN_OF_THE_CENTRAL_SERVICE", nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, _, err := client.AccessToken(context.Background())
	fmt.Println(token, err)
	// Output: TOKEN_OF_THE_CENTRAL_SERVICE <nil>
}

// A script that was handed a token uses just that one.
func ExampleStaticToken() {
	client, err := core.NewClient(core.ClientConfig{
		AppID: "wx0123456789abcdef", Secret: "the AppSecret",
		Tokens:     core.StaticToken("ACCESS_TOKEN"),
		HTTPClient: pretend(map[string]string{"/wxa/ping": `{"errcode":42001,"errmsg":"access_token expired"}`}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = core.Call[struct{}](context.Background(), client, core.Get("/wxa/ping", nil))
	fmt.Println(errors.Is(err, core.ErrAccessToken)) // there is no other token to try
	// Output: true
}

func ExampleUserFrom() {
	handler := func(ctx context.Context) {
		if user, ok := core.UserFrom(ctx); ok {
			fmt.Println("hello,", user.Nickname)
		} else {
			fmt.Println("hello, stranger")
		}
	}
	ctx := context.Background()
	handler(ctx)
	handler(core.WithUser(ctx, &core.User{OpenID: "o1", Nickname: "张三"}))
	// Output:
	// hello, stranger
	// hello, 张三
}

func ExampleSecret() {
	cfg := core.ClientConfig{AppID: "wx0123456789abcdef", Secret: "the AppSecret"}
	fmt.Printf("%s %v %q\n", cfg.Secret, cfg.Secret, cfg.Secret)
	fmt.Println(len(string(cfg.Secret)))
	// Output:
	// [redacted] [redacted] [redacted]
	// 13
}
