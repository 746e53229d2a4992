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
	retryAfter   = 10 * time.Second // while a ticket that could not be renewed still serves
	fetchTime    = 10 * time.Second // a ticket and, if need be, the app token before it
	dropPause    = time.Minute      // between two tickets that were dropped
	maxExpiresIn = 30 * 24 * 3600   // seconds
)

// A ticket of WeChat's proves that a page belongs to the account. It is a secret.
type ticket struct {
	value  string
	expiry time.Time
	renew  time.Time // from here on a new one is fetched, while this one still serves
}

// Ticket returns the ticket that pages are signed with, for [Client.Drop]. It is a secret. Errors
// are those of [Client.Sign].
func (c *Client) Ticket(ctx context.Context) (string, error) { return c.ticket(ctx) }

// Drop replaces a ticket that phones refuse ("invalid signature" of a page that is signed well):
// WeChat may hand one out again when part of its life is over, and say that it is new. A ticket
// that is no longer in use is left alone, so every replica that hears of it may call Drop; one of
// them fetches. In each process that happens once a minute at most: in between, Drop does
// nothing.
//
// An error is one of [Client.Sign]: there is no other ticket, and pages go on with this one.
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

// mayDrop notes that ticket is dropped, unless one was within the last minute.
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

// due returns the ticket as one to renew at once. Of no ticket it returns none.
func (t *ticket) due() *ticket {
	if t == nil {
		return nil
	}
	return &ticket{value: t.value, expiry: t.expiry}
}

// ticket returns a ticket that WeChat honours.
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

// renewed fetches once for all callers of this process. The fetch outlives a caller that leaves.
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

// fetch takes the ticket from the cache, or else from WeChat.
func (c *Client) fetch(ctx context.Context) (*ticket, error) {
	now := time.Now()
	if cur := c.current.Load(); cur != nil && now.Before(cur.renew) {
		return cur, nil // another flight landed between the caller's look and this one
	}
	if t := c.cached(ctx); t != nil && now.Before(t.renew) && !c.wasDropped(t.value) {
		c.current.Store(t)
		return t, nil
	}
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
	now = time.Now()
	t := &ticket{answer.Ticket, now.Add(life), now.Add(life - min(renewBefore, life/2))}
	c.current.Store(t)
	value := strconv.FormatInt(t.expiry.Unix(), 10) + " " + t.value
	_ = c.cache.Set(ctx, c.key, value, life) // a cache that fails is passed by
	return t, nil
}

// cached returns what another process has stored, or nil. The value holds its own expiry: a cache
// may keep it for too long.
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
	return &ticket{text, expiry, expiry.Add(-renewBefore)}
}
