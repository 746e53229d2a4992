package rediscache_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/wxsim"
)

// Every process of a fleet gives such a cache to its client, and one of them fetches the app access
// token for all. While Redis is away, as it is here, each fetches for itself.
func Example() {
	redis, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{"127.0.0.1:1"}, // nobody listens there
		ForceSingleClient: true,                    // there is a client even while Redis is down; leave it out for a cluster
		// A Redis that hangs is noticed within a second.
		Dialer:           net.Dialer{KeepAlive: 200 * time.Millisecond},
		ConnWriteTimeout: 600 * time.Millisecond,
	})
	if redis == nil {
		fmt.Println(err) // an option is wrong
		return
	}
	defer redis.Close()
	wechat := wxsim.New(wxsim.Config{})
	if err := wechat.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer wechat.Close()

	client, err := core.NewClient(core.ClientConfig{
		AppID: wechat.AppID(), Secret: core.Secret(wechat.Secret()), APIURL: wechat.URL, // leave APIURL out for the real WeChat
		Cache:  rediscache.New(redis, "wx:"),
		Logger: slog.New(slog.DiscardHandler), // it would say that the cache failed
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, expiry, err := client.AccessToken(context.Background())
	fmt.Println(time.Until(expiry) > time.Hour, err)
	// Output: true <nil>
}
