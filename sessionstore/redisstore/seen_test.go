package redisstore_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

var _ push.Seen = (*redisstore.Seen)(nil)

func newSeen(t *testing.T, addr, prefix string) *redisstore.Seen {
	t.Helper()
	seen, err := redisstore.NewSeen(newClient(t, addr), redisstore.SeenConfig{Prefix: prefix})
	require.NoError(t, err)
	return seen
}

func TestSeenConfigIsChecked(t *testing.T) {
	_, err := redisstore.NewSeen(nil, redisstore.SeenConfig{Timeout: -1})
	if err == nil || !strings.Contains(err.Error(), "client") || !strings.Contains(err.Error(), "Timeout") {
		t.Errorf("NewSeen = %v; want it to name client and Timeout", err)
	}
}

func TestSeen(t *testing.T) {
	server := redistest.Start(t)
	seen := newSeen(t, server.Addr, "shop:")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	reserve := func() string {
		reserved, done, err := seen.Reserve(t.Context(), "k", time.Minute)
		must(err)
		return map[[2]bool]string{{true, false}: "mine", {false, false}: "somebody else's", {false, true}: "done"}[[2]bool{reserved, done}]
	}
	for _, tt := range []struct {
		name   string
		before func()
		want   string
		ttl    int // seconds that the key then has left, -2 for no key
	}{
		{"unknown", func() {}, "mine", 60},
		{"reserved", func() { reserve() }, "somebody else's", 60},
		{"released", func() { reserve(); must(seen.Release(t.Context(), "k")) }, "mine", 60},
		{"extended", func() { reserve(); must(seen.Extend(t.Context(), "k", time.Hour)) }, "somebody else's", 3600},
		{"an extension never shortens", func() { reserve(); must(seen.Extend(t.Context(), "k", time.Second)) }, "somebody else's", 60},
		{"an extension reserves nothing", func() { must(seen.Extend(t.Context(), "k", time.Hour)) }, "mine", 60},
		{"done", func() { reserve(); must(seen.Done(t.Context(), "k", 24*time.Hour)) }, "done", 86400},
		{"done and released", func() { must(seen.Done(t.Context(), "k", time.Hour)); must(seen.Release(t.Context(), "k")) }, "done", 3600},
		{"done and extended", func() {
			must(seen.Done(t.Context(), "k", time.Minute))
			must(seen.Extend(t.Context(), "k", time.Hour))
		}, "done", 60},
		{"a key of another kind", func() { server.Do("SET", "shop:p:k", "?", "EX", "60") }, "somebody else's", 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server.Do("FLUSHALL")
			tt.before()
			got := reserve()
			ttl, _ := strconv.Atoi(server.Do("TTL", "shop:p:k"))
			if got != tt.want || ttl > tt.ttl || ttl < tt.ttl-30 {
				t.Errorf("the key is %s with %d s left, want %s with %d s", got, ttl, tt.want, tt.ttl)
			}
		})
	}
}

func TestSeenIsReservedOnce(t *testing.T) {
	server := redistest.Start(t)
	replicas := []*redisstore.Seen{
		newSeen(t, server.Addr, "x:"), newSeen(t, server.Addr, "x:"),
	}
	var winners atomic.Int32
	webtest.AtOnce(20, func(i int) {
		if reserved, _, _ := replicas[i%2].Reserve(t.Context(), "k", time.Minute); reserved {
			winners.Add(1)
		}
	})
	require.EqualValues(t, 1, winners.Load())
}

func TestSeenSaysThatRedisIsDown(t *testing.T) {
	seen := newSeen(t, redistest.Prepare(t).Addr, "x:")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := seen.Reserve(ctx, "k", time.Minute)
	wantOutage(t, "Reserve", err)
	wantOutage(t, "Extend", seen.Extend(ctx, "k", time.Minute))
	wantOutage(t, "Done", seen.Done(ctx, "k", time.Minute))
	wantOutage(t, "Release", seen.Release(ctx, "k"))
}
