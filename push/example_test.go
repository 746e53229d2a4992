package push_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"

	"github.com/wxoauth/wxoauth/push"
)

// deliver lets a pretended WeChat push a message and prints the answer.
func deliver(h http.Handler, message string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, account.safe(message))
	fmt.Printf("WeChat gets %d %q\n", w.Code, w.Body)
}

// The same event twice: WeChat repeats what it is not sure has arrived.
func ExampleNew() {
	handler, err := push.New(push.Config{
		Token: "T0ken", EncodingAESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", AppID: "wx0123456789abcdef",
		OnMediaCheck: func(_ context.Context, c *push.MediaCheck) error {
			fmt.Println(c.TraceID, c.Result.Suggest, "passed:", c.Passed())
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/push", handler)

	event := eventJSON("wxa_media_check", `,"trace_id":"60f96f1d","version":2,"errcode":0,"result":{"suggest":"risky","label":20002}`)
	deliver(mux, event)
	deliver(mux, event)
	// Output:
	// 60f96f1d risky passed: false
	// WeChat gets 200 "success"
	// WeChat gets 200 "success"
}

// All that is wrong is said at once.
func ExampleNew_faults() {
	_, err := push.New(push.Config{Token: "my token", EncodingAESKey: "too short"})
	fmt.Println(err)
	// Output:
	// push: Config.Token must be 3 to 32 letters and digits
	// push: Config.EncodingAESKey must be the 43 characters of the console
	// push: Config.AppID must be the AppID of the account, 1 to 64 letters, digits, - and _
}

// An error makes WeChat deliver the message again.
func ExampleConfig_error() {
	db := "down"
	cfg := config()
	cfg.OnAuthorizationRevoke = func(_ context.Context, c *push.AuthorizationChange) error {
		if db == "down" {
			return fmt.Errorf("delete user: database is %s", db)
		}
		fmt.Println("deleted what", c.OpenID, "withdrew:", c.RevokeInfo)
		return nil
	}
	handler, err := push.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	event := eventXML("user_authorization_revoke", "<OpenID>oaKk343</OpenID><RevokeInfo>301</RevokeInfo>")
	deliver(handler, event)
	db = "up again"
	deliver(handler, event)
	// Output:
	// WeChat gets 500 ""
	// deleted what oaKk343 withdrew: 301
	// WeChat gets 200 "success"
}

// A reply goes back to the user who wrote. In Safe and Compat mode it is sealed.
func ExampleReply() {
	cfg := inMode(push.Plain) // so that the answer can be read here
	cfg.OnAny = func(_ context.Context, m *push.Message) (*push.Reply, error) {
		return &push.Reply{Text: "You said " + m.Fields.Get("Content")}, nil
	}
	handler, err := push.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, account.plain(eventJSON("", `,"Content":"hello"`)))
	var reply struct{ ToUserName, MsgType, Content string }
	fmt.Println(json.Unmarshal(w.Body.Bytes(), &reply), reply)
	// Output: <nil> {oUser text You said hello}
}

// gin: one line, for GET and POST.
func ExampleHandler_gin() {
	cfg := config()
	cfg.OnAny = told(func(m *push.Message) { fmt.Println("got", m.Event) })
	handler, err := push.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Match([]string{http.MethodGet, http.MethodPost}, "/push", gin.WrapH(handler))
	deliver(r, eventXML("subscribe", ""))
	// Output:
	// got subscribe
	// WeChat gets 200 "success"
}

func ExampleHandler_chi() {
	cfg := config()
	cfg.OnAny = told(func(m *push.Message) { fmt.Println("got", m.Event) })
	handler, err := push.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := chi.NewRouter()
	r.Handle("/push", handler)
	deliver(r, eventXML("subscribe", ""))
	// Output:
	// got subscribe
	// WeChat gets 200 "success"
}

// At the end of a process: first no more requests, then no more callbacks.
func ExampleHandler_Drain() {
	handler, err := push.New(config())
	if err != nil {
		fmt.Println(err)
		return
	}
	server := http.Server{Addr: ":80", Handler: handler, ReadTimeout: 5 * time.Second}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(server.Shutdown(ctx), handler.Drain(ctx))
	// Output: <nil> <nil>
}

func ExampleCheckSignature() {
	fmt.Println(push.CheckSignature("AAAAA", "f464b24fc39322e44b38aa78f5edd27bd1441696", "1714036504", "1514711492"))
	// Output: true
}

func ExampleParseMediaCheck() {
	check, err := push.ParseMediaCheck([]byte(`<xml><MsgType>event</MsgType><Event>wxa_media_check</Event><trace_id>62f11967</trace_id>
		<version>2</version><errcode>0</errcode><result><suggest>pass</suggest><label>100</label></result></xml>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(check.TraceID, check.Result.Label, check.Passed())
	// Output: 62f11967 100 true
}
