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

// ErrPageURL is the error of [Client.Sign] for a page that is not an absolute http or https URL.
var ErrPageURL = errors.New("jssdk: the page's URL is not an http(s) URL")

// A Client signs pages of one account. Make it with [New]; it is safe for concurrent use.
type Client struct {
	core    *core.Client
	cache   core.Cache
	key     string // of the ticket in the cache; contains the AppID but no secret
	current atomic.Pointer[ticket]
	flight  singleflight.Group
	// Why there was no ticket, and until when none is fetched. Only the flight uses them.
	failed      error
	failedUntil time.Time

	mu sync.Mutex
	// The ticket that was dropped last, which is not taken from the cache again, and when that
	// was.
	dropped   string
	droppedAt time.Time
}

// New makes a Client that gets its ticket through c and keeps it in cache; nil means in memory.
// Processes that share a cache share the ticket. No lease is taken: two processes may fetch a new
// ticket at the same time, but both tickets are good. If the cache fails, the ticket is fetched.
func New(c *core.Client, cache core.Cache) *Client {
	if cache == nil {
		cache = core.NewMemoryCache()
	}
	return &Client{core: c, cache: cache, key: "jsapi_ticket:" + c.AppID()}
}

// Format writes only the AppID, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "jssdk.Client of ", c.core.AppID())
}

// A Config is the part of wx.config's argument that comes from the server, with the same names in
// JSON.
type Config struct {
	AppID     string `json:"appId"`     // of the account
	Timestamp int64  `json:"timestamp"` // unix seconds
	NonceStr  string `json:"nonceStr"`  // random, different in each Config
	Signature string `json:"signature"` // 40 hex digits, for one page
}

// Sign makes the Config of the page at pageURL, which must be what the browser shows as its
// address, with the query. A fragment is cut off. Errors: [ErrPageURL]; if there is no ticket,
// those of [core.Call] or ctx's own.
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
	return &Config{
		AppID: c.core.AppID(), Timestamp: now, NonceStr: nonce,
		Signature: signature(t, nonce, now, page),
	}, nil
}

// signature returns WeChat's signature: the names are in small letters and in this order, and the
// values are not escaped.
func signature(ticket, nonce string, timestamp int64, page string) string {
	sum := sha1.Sum([]byte( //nolint:gosec // WeChat's signature is SHA-1
		"jsapi_ticket=" + ticket + "&noncestr=" + nonce + "&timestamp=" +
			strconv.FormatInt(timestamp, 10) + "&url=" + page))
	return hex.EncodeToString(sum[:])
}
