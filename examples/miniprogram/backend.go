package main

import (
	"context"
	"fmt"
	"net/http"

	wxoauth "github.com/wxoauth/wxoauth/adapters/nethttp"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/examples/internal/demo"
	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/push"
)

// A backend is the server of one mini program.
type backend struct {
	login     *wxoauth.Mini
	users     *mpauth.Client
	checks    mpapi.SecurityService
	push      *push.Handler // nil: WeChat was not told where to push
	memory    *memory
	publicURL string

	// onPicture, if set, is told about pictures that WeChat was asked to check.
	onPicture func(ctx context.Context, openID, traceID, fileName string)
}

func newBackend(s *settings) (*backend, error) {
	b := &backend{memory: newMemory(), publicURL: s.publicURL}
	var err error
	b.login, err = wxoauth.NewMini(wxoauth.MiniConfig{
		AppID: s.appID, Secret: s.secret, Keys: s.keys, APIURL: s.apiURL, OnLogin: b.onLogin,
	})
	if err != nil {
		return nil, fmt.Errorf("WECHAT_MINI_APPID, WECHAT_MINI_SECRET, WECHAT_API_URL, "+
			"SESSION_KEYS: %w", err)
	}
	// The calls beside the login need an app token, which this client fetches and shares.
	wechat, err := core.NewClient(core.ClientConfig{
		AppID: s.appID, Secret: s.secret, APIURL: s.apiURL,
	})
	if err != nil {
		return nil, err
	}
	b.users, b.checks = mpauth.NewClient(wechat), mpapi.New(wechat).Security
	if s.pushToken == "" && s.pushAESKey == "" {
		return b, nil
	}
	b.push, err = push.New(push.Config{
		Token: s.pushToken, EncodingAESKey: s.pushAESKey, AppID: s.appID,
		OnMediaCheck:                b.onMediaCheck,
		OnAuthorizationRevoke:       b.onWithdrawal,
		OnAuthorizationCancellation: b.onWithdrawal,
		OnUserInfoModified:          b.onUserInfoModified,
	})
	if err != nil {
		return nil, fmt.Errorf("PUSH_TOKEN, PUSH_AES_KEY: %w", err)
	}
	return b, nil
}

func (b *backend) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", demo.Healthz)
	mux.Handle("/mini/login", b.login.Login())
	mux.Handle("/mini/logout", b.login.Logout())
	mux.Handle("GET /mini/me", b.signedIn(b.me))
	mux.Handle("POST /mini/phone", b.signedIn(b.phone))
	mux.Handle("POST /mini/nickname", b.signedIn(b.nickname))
	mux.Handle("POST /mini/avatar", b.signedIn(b.avatar))
	mux.HandleFunc("GET /picture", b.picture)
	mux.Handle("POST /mini/decrypt", b.signedIn(b.decrypt))
	mux.Handle("POST /mini/check/text", b.signedIn(b.checkText))
	if b.push != nil {
		mux.Handle("/push", b.push)
		mux.Handle("POST /mini/check/picture", b.signedIn(b.checkPicture))
		mux.Handle("GET /mini/check/picture", b.signedIn(b.pictures))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		demo.WriteJSON(w, http.StatusNotFound, problem{Word: "not_found"})
	})
	return demo.AccessLog(mux)
}

// An action answers a signed-in user with something to be written as JSON.
type action func(r *http.Request, s *mpauth.Session) (any, error)

// signedIn lets an action answer requests that carry the token of a user we know. A token may
// outlive the user's data, which WeChat can tell us to delete.
func (b *backend) signedIn(do action) http.Handler {
	return b.login.Middleware()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := mpauth.SessionFrom(r.Context())
		if _, err := b.memory.user(s.OpenID); err != nil {
			fail(w, r, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer, err := do(r, s)
		if err != nil {
			fail(w, r, err)
			return
		}
		demo.WriteJSON(w, http.StatusOK, answer)
	}))
}
