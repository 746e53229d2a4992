// Package jssdk signs pages for WeChat's JS-SDK: a page asks the server for a [Config] and hands
// it to wx.config, together with the jsApiList of its own.
//
//	http.HandleFunc("GET /jssdk", func(w http.ResponseWriter, r *http.Request) {
//		config, err := pages.Sign(r.Context(), r.URL.Query().Get("url"))
//		…
//		json.NewEncoder(w).Encode(config)
//	})
//
// The URL may come from the browser as location.href: WeChat honours a signature only on the
// domains that the account has registered for the JS-SDK, and a signature is good for nothing else.
package jssdk
