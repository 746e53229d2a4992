// Package core calls WeChat's server APIs and holds what all of this module's packages share.
//
//	account, err := core.NewClient(core.ClientConfig{
//		AppID:  os.Getenv("WECHAT_APPID"),
//		Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	type result struct {
//		Link string `json:"link"`
//	}
//	link, err := core.Call[result](ctx, account,
//		core.Post("/wxa/genwxashortlink", map[string]string{"page_url": "pages/index"}))
//	if errors.Is(err, core.ErrQuota) {
//		log.Print("no more links today")
//	}
//
// The generic function [Call] gets and adds the app access token, encodes the request, limits the
// size of the answer, turns an errcode into an [Error] and keeps secrets out of errors. So an API
// of WeChat takes no more than a [Request] and a type for its result, as above; many are ready in
// the packages mpapi, mpauth and oauth.
//
// The signed-in [User] and [Secret], the type of credentials that do not print, are here as well.
// The package knows no cookies, no handlers and no logins, and every other package may import it.
package core
