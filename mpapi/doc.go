// Package mpapi calls the server APIs of WeChat mini programs that are not about logging in.
//
//	account, err := core.NewClient(core.ClientConfig{
//		AppID:  os.Getenv("WECHAT_APPID"), // of the mini program
//		Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	api := mpapi.New(account)
//	verdict, err := api.Security.MsgSecCheck(ctx, mpapi.MsgSecCheckRequest{
//		OpenID: user.OpenID, Scene: 2, Content: "the text of a comment",
//	})
//	if err == nil && verdict.Result.Suggest == mpapi.SuggestPass {
//		// publish it
//	}
//
// These are statistics, picture processing, OCR, content checks, updatable messages, risk, short
// links, SOTER and temporary media. A [Client] has one small service per chapter of WeChat's
// manual, and its methods have WeChat's own API names.
//
// Every call may return
//
//   - [*InputError], joined if there are several: the request has a fault that was found before a
//     call was spent on it,
//   - [*core.Error]: WeChat refused the call; it unwraps to its [core.Code],
//   - [*core.WireError]: the call failed on its way, or the answer lacks what WeChat promises,
//   - the error of your own [core.TokenSource], if you set one.
//
// Dates are China's, lengths are in characters and not in bytes, coordinates and sizes of
// pictures are in pixels.
package mpapi
