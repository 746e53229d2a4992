package jssdk

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

const (
	renewBefore  = 5 * time.Minute
	lookAgain    = 5 * time.Minute  // at the cache, whatever the ticket in it says
	retryAfter   = 10 * time.Second // if a ticket could not be renewed and is still good
	failureTime  = time.Second      // how long pages get the error of a failed fetch
	fetchTime    = 10 * time.Second // for a ticket and, if need be, the app token before it
	dropPause    = time.Minute      // between two calls of Drop that take effect
	maxExpiresIn = 30 * 24 * 3600   // seconds
)

// A ticket is what WeChat gives an account to sign its pages with. It is a secret.
type ticket struct {
	value  string
	expiry time.Time
	renew  time.Time // when a new one is fetched, while this one is still used
}

// Ticket returns the ticket with which pages are signed, for [Client.Drop]. It is a secret. Errors
// are those of [Client.Sign].
func (c *Client) Ticket(ctx context.Context) (string, error) { return c.ticket(ctx) }

// Drop replaces a ticket that phones refuse: they say "invalid signature" although the page is
// signed correctly. That happens because WeChat may hand out an older ticket again as if it were
// new. A ticket that is no longer in use is ignored, so every replica may call Drop and only one
// of them fetches. In each process Drop takes effect once a minute at most.
//
// The errors are those of [Client.Sign]. After an error the ticket stays in use.
func (c *Client) Drop(ctx context.Context, ticket string) error {
	cur := c.current.Load()
	if cur != nil && cur.value != ticket || !c.mayDrop(ticket) {
		return nil
	}
	worn := cur.due()
	c.current.CompareAndSwap(cur, worn)
	_, err := c.renewed(ctx)
	if err != nil {
		c.current.CompareAndSwap(worn, cur)
	}
	return err
}

// mayDrop notes that ticket is dropped and returns true, unless one was dropped within the last
// minute.
func (c *Client) mayDrop(ticket string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.droppedAt) < dropPause {
		return false
	}
	c.dropped, c.droppedAt = ticket, now
	return true
}

func (c *Client) wasDropped(ticket string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ticket == c.dropped
}

// due returns a copy of the ticket that is to be renewed at once. That of a nil ticket is nil.
func (t *ticket) due() *ticket {
	if t == nil {
		return nil
	}
	return &ticket{value: t.value, expiry: t.expiry}
}

// ticket returns the current ticket. It fetches one if there is none, and renews one that will
// soon expire.
func (c *Client) ticket(ctx context.Context) (string, error) {
	cur := c.current.Load()
	if cur != nil && time.Now().Before(cur.renew) {
		return cur.value, nil
	}
	fresh, err := c.renewed(ctx)
	if err == nil {
		return fresh.value, nil
	}
	if cur == nil || !time.Now().Before(cur.expiry) {
		return "", err
	}
	retry := time.Now().Add(retryAfter)
	if retry.After(cur.expiry) {
		retry = cur.expiry
	}
	c.current.CompareAndSwap(cur, &ticket{cur.value, cur.expiry, retry})
	return cur.value, nil
}

// renewed fetches a ticket, once for all callers of this process at that time. The fetch goes on
// if a caller's context ends.
func (c *Client) renewed(ctx context.Context) (*ticket, error) {
	done := c.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		return c.fetch(ctx)
	})
	select {
	case res := <-done:
		if res.Err != nil {
			return nil, res.Err
		}
		return res.Val.(*ticket), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fetch returns the ticket of the cache, or if it has none, a new one from WeChat.
func (c *Client) fetch(ctx context.Context) (*ticket, error) {
	now := time.Now()
	if cur := c.current.Load(); cur != nil && now.Before(cur.renew) {
		return cur, nil // another caller has fetched one since this one looked
	}
	if t := c.cached(ctx); t != nil && now.Before(t.renew) && !c.wasDropped(t.value) {
		c.current.Store(t)
		return t, nil
	}
	if now.Before(c.failedUntil) {
		return nil, c.failed
	}
	t, err := c.call(ctx)
	if err != nil {
		c.failed, c.failedUntil = err, time.Now().Add(failureTime)
	}
	return t, err
}

// call fetches a ticket from WeChat, makes it the current one and stores it in the cache.
func (c *Client) call(ctx context.Context) (*ticket, error) {
	r := core.Get("/cgi-bin/ticket/getticket", url.Values{"type": {"jsapi"}})
	answer, err := core.Call[struct {
		Ticket    string   `json:"ticket"`
		ExpiresIn core.Int `json:"expires_in"` // seconds
	}](ctx, c.core, r)
	if err != nil {
		return nil, err
	}
	if answer.Ticket == "" || answer.ExpiresIn < 1 || answer.ExpiresIn > maxExpiresIn {
		return nil, r.BadAnswer("no ticket, or a lifetime out of bounds")
	}
	life := time.Duration(answer.ExpiresIn) * time.Second
	now := time.Now()
	t := &ticket{answer.Ticket, now.Add(life), now.Add(life - min(renewBefore, life/2))}
	c.current.Store(t)
	value := strconv.FormatInt(t.expiry.Unix(), 10) + " " + t.value
	_ = c.cache.Set(ctx, c.key, value, life) // the ticket is good even if the cache fails
	return t, nil
}

// cached returns the ticket that another process has stored, or nil. The value contains its
// expiry, because a cache may keep it for too long. The clock of that process may be ahead by
// hours, so the cache is soon asked again whether it still has the ticket.
func (c *Client) cached(ctx context.Context) *ticket {
	value, ok, err := c.cache.Get(ctx, c.key)
	if err != nil || !ok {
		return nil
	}
	seconds, text, _ := strings.Cut(value, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || text == "" || unix > time.Now().Unix()+maxExpiresIn {
		return nil
	}
	expiry := time.Unix(unix, 0)
	renew := expiry.Add(-renewBefore)
	if again := time.Now().Add(lookAgain); again.Before(renew) {
		renew = again
	}
	return &ticket{text, expiry, renew}
}
