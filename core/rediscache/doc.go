// Package rediscache shares the app access token and the JS-SDK ticket of several processes in
// Redis.
//
//	redis, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{"127.0.0.1:6379"}})
//	if err != nil {
//		log.Fatal(err)
//	}
//	account, err := core.NewClient(core.ClientConfig{
//		AppID:  os.Getenv("WECHAT_APPID"),
//		Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
//		Cache:  rediscache.New(redis, "wx:"),
//	})
//
// With the same Cache in every process, one of them fetches the token and the others take what it
// has stored. Redis holds the token unencrypted, so keep it as private as the AppSecret.
package rediscache
