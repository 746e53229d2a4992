package demo

import (
	"context"
	"net/http"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/jssdk"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// An App is one example app as the environment describes it. The examples wire its parts into
// their framework.
type App struct {
	Web  oauth.Config   // the login of the official account
	Mini *mpauth.Config // the login of the mini program; nil: there is none
	Push *push.Handler  // WeChat's messages; nil without PUSH_TOKEN

	framework string
	simulator string // its URL if it runs inside this process
	base      string // the path of PUBLIC_URL
	pages     *jssdk.Client
	draining  chan struct{}          // closed when the server stops: streams end then
	ends      map[string]EndSessions // by the appid of the users
}

// EndSessions is that of an adapter's Auth or Mini.
type EndSessions func(ctx context.Context, openID string) error

// Ends says how the sessions of an account's users are ended when WeChat tells that one withdrew
// consent. Call it before the app serves.
func (app *App) Ends(appID string, end EndSessions) { app.ends[appID] = end }

// findMember stands for the look-up of a member in the app's own database.
func findMember(_ context.Context, _ *http.Request, u *core.User) error {
	u.MemberID = "m-" + u.OpenID[:min(8, len(u.OpenID))]
	return nil
}

// newApp uses redis unless that is nil.
func newApp(framework string, s *settings, redis rueidis.Client) (*App, error) {
	var store sessions.Store // nil: sealed cookies
	var cache core.Cache     // nil: in memory
	var seen push.Seen       // nil: in memory
	if redis != nil {
		const prefix = "wx:" // of all keys in Redis
		shared, err := redisstore.New(redis, redisstore.Config{Keys: s.keys, Prefix: prefix})
		if err != nil {
			return nil, err
		}
		messages, err := redisstore.NewSeen(redis, redisstore.SeenConfig{Prefix: prefix})
		if err != nil {
			return nil, err
		}
		store, cache, seen = shared, rediscache.New(redis, prefix), messages
	}
	wechat, err := core.NewClient(core.ClientConfig{
		AppID: s.account.appID, Secret: s.account.secret, APIURL: s.apiURL, Cache: cache,
	})
	if err != nil {
		return nil, err
	}
	app := &App{
		framework: framework, simulator: s.simulator, base: s.base(),
		pages: jssdk.New(wechat, cache), draining: make(chan struct{}),
		ends: map[string]EndSessions{},
		Web: oauth.Config{
			AppID: s.account.appID, Secret: s.account.secret, PublicURL: s.publicURL, Name: s.name,
			InsecureHTTP: s.lan, Keys: s.keys, Store: store, AnyBrowser: s.anyBrowser,
			AskAtOnce: s.askAtOnce, Purpose: s.purpose, PrivacyURL: s.privacyURL,
			Brand: oauth.Brand{Name: s.brandName}, OnLogin: findMember, APIURL: s.apiURL,
			OpenURL: s.openURL,
		},
	}
	if s.desk {
		app.Web.Desk = &oauth.Desk{}
	}
	if s.website != (account{}) {
		app.Web.Website = &oauth.Website{AppID: s.website.appID, Secret: s.website.secret}
	}
	if s.mini != (account{}) {
		app.Mini = &mpauth.Config{
			AppID: s.mini.appID, Secret: s.mini.secret, Keys: s.keys, Store: store,
			APIURL: s.apiURL, TrustCloudHeaders: s.trustCloudHeaders,
		}
	}
	if s.pushToken != "" {
		if app.Push, err = newPush(s, seen, app.ends); err != nil {
			return nil, err
		}
	}
	return app, nil
}
