package demo

import (
	"net/http"

	"github.com/wxoauth/wxoauth/oauth"
)

// An App is one example app as the environment describes it. The examples wire its parts into
// their framework.
type App struct {
	Web  oauth.Config // the login of the official account
	Push http.Handler // WeChat's messages; nil without PUSH_TOKEN

	framework string
	simulator string        // its URL if it runs inside this process
	draining  chan struct{} // closed when the server stops: streams end then
}

func newApp(framework, simulator string, s *settings) (*App, error) {
	app := &App{
		framework: framework, simulator: simulator, draining: make(chan struct{}),
		Web: oauth.Config{
			AppID: s.account.appID, Secret: s.account.secret, PublicURL: s.publicURL, Keys: s.keys,
			AnyBrowser: s.anyBrowser, APIURL: s.apiURL, OpenURL: s.openURL,
		},
	}
	if s.website != (account{}) {
		app.Web.Website = &oauth.Website{AppID: s.website.appID, Secret: s.website.secret}
	}
	if s.pushToken != "" {
		var err error
		if app.Push, err = newPush(s); err != nil {
			return nil, err
		}
	}
	return app, nil
}
