package jssdk

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat's signature is SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wxoauth/wxoauth/core"
)

// ErrPageURL is what [Client.Sign] says to anything but an absolute http or https URL.
var ErrPageURL = errors.New("jssdk: the page's URL is not an http(s) URL")

// A Client signs pages of one account. Make it with [New]; it is safe for concurrent use.
type Client struct {
	core    *core.Client
	cache   core.Cache
	key     string // of the ticket in the cache; holds the appid, no secret
	current atomic.Pointer[ticket]
	flight  singleflight.Group

	mu        sync.Mutex
	dropped   string    // the ticket that was dropped last, which is not taken from the cache again …
	droppedAt time.Time // … and when
}

// New makes a Client that gets its ticket through c and keeps it in cache; nil means in memory.
// Processes that share a cache share the ticket. Its lease is not asked for: another process may
// fetch as well at the end of a ticket's two hours, which kills no ticket. A cache that fails is
// passed by.
func New(c *core.Client, cache core.Cache) *Client {
	if cache == nil {
		cache = core.NewMemoryCache()
	}
	return &Client{core: c, cache: cache, key: "jsapi_ticket:" + c.AppID()}
}

// Format writes no more than the AppID, under every verb.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "jssdk.Client of ", c.core.AppID())
}

// A Config is what wx.config wants from the server, with its names in JSON.
type Config struct {
	AppID     string `json:"appId"`     // of the account
	Timestamp int64  `json:"timestamp"` // unix seconds
	NonceStr  string `json:"nonceStr"`  // random, another one for each Config
	Signature string `json:"signature"` // 40 hex digits, for one page
}

// Sign makes the Config of the page whose address bar says pageURL, with its query and exactly as
// the browser writes it. A fragment is cut off. Errors: [ErrPageURL]; where no ticket can be had
// those of [core.Call], or ctx's own.
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
func (c *Client) Sign(ctx context.Context, pageURL string) (*Config, error) {
	u, err := url.Parse(pageURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, ErrPageURL
	}
	page, _, _ := strings.Cut(pageURL, "#")
	t, err := c.ticket(ctx)
	if err != nil {
		return nil, err
	}
	nonce, now := rand.Text(), time.Now().Unix()
	return &Config{AppID: c.core.AppID(), Timestamp: now, NonceStr: nonce, Signature: signature(t, nonce, now, page)}, nil
}

// signature is over names in small letters, in this order, and values as they are.
func signature(ticket, nonce string, timestamp int64, page string) string {
	sum := sha1.Sum([]byte( //nolint:gosec // WeChat's signature is SHA-1
		"jsapi_ticket=" + ticket + "&noncestr=" + nonce + "&timestamp=" + strconv.FormatInt(timestamp, 10) + "&url=" + page))
	return hex.EncodeToString(sum[:])
}
