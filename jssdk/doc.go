// Package jssdk signs web pages for WeChat's JS-SDK, the script that lets a page in WeChat use the
// camera, share itself, and so on.
//
//	account, err := core.NewClient(core.ClientConfig{
//		AppID:  os.Getenv("WECHAT_APPID"), // of the official account
//		Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	pages := jssdk.New(account, nil) // nil keeps the ticket in memory
//	http.HandleFunc("GET /jssdk", func(w http.ResponseWriter, r *http.Request) {
//		config, err := pages.Sign(r.Context(), r.URL.Query().Get("url"))
//		if err != nil {
//			http.Error(w, "cannot sign the page", http.StatusBadGateway)
//			return
//		}
//		json.NewEncoder(w).Encode(config)
//	})
//
// The page fetches this with its location.href as url, adds its jsApiList to the answer and passes
// that to wx.config. The URL may come from the browser, because WeChat accepts a signature only on
// the domains that the account has registered for the JS-SDK, and it serves no other purpose.
package jssdk
