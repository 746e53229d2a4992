// Package push receives the messages and events that WeChat pushes to a server.
//
//	handler, err := push.New(push.Config{ // the values are those of WeChat's console
//		AppID:          os.Getenv("WECHAT_APPID"),
//		Token:          os.Getenv("WECHAT_PUSH_TOKEN"),
//		EncodingAESKey: os.Getenv("WECHAT_PUSH_KEY"),
//		OnAny: func(ctx context.Context, m *push.Message) (*push.Reply, error) {
//			return &push.Reply{Text: "You said " + m.Fields.Get("Content")}, nil
//		},
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.Handle("/push", handler) // the URL in the console; for GET and POST
//
// The [Handler] answers the check of the URL, verifies and decrypts what WeChat posts, calls the
// callback of the [Config] once per message and answers in time.
//
// # What a callback can rely on
//
// A callback gets a message only if its signature is good, if it could be decrypted, if it was
// written for this AppID and if it is at most 10 minutes old. WeChat sends a message again if it
// gets no answer within 5 seconds, or one that is not 200. So:
//
//   - a callback that returns nil has handled its message: a repeat is answered without calling it;
//   - a callback that returns an error or panics gets the message again;
//   - a repeat that arrives while the callback still runs waits for it and gets the same answer;
//   - if a callback takes longer than 4.5 seconds, its message is answered with success while it
//     goes on, for up to 60 seconds. If it fails after that, only the log is told.
//
// For several processes this holds if they share a [Seen]. No network can promise that a message is
// handled exactly once: a process may die after its work and before it has noted that, or the Seen
// may fail. Then the message is handled twice rather than lost, so a callback must be able to bear
// that.
//
// # Modes
//
// The mode is the one chosen in WeChat's console, see [Mode]. A request cannot choose it: in
// [Safe] and [Compat] mode a plain body is refused, and only what was decrypted is looked at.
//
// # Cloud hosting
//
// WeChat does not sign what it pushes into a container of its cloud hosting, so this package does
// not accept that. It is answered 403 like any other request without a good signature, the probe
// {"action":"CheckContainerPath"} included. A probe with a good signature is answered with
// success, without a callback.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
package push
