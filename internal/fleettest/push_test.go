package fleettest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// WeChat delivers again while the first delivery is still in hand somewhere: each message is
// handled by one replica, and all of them answer success.
func TestMessagesAreHandledOnceInAFleet(t *testing.T) {
	t.Parallel()
	redis, sim := redistest.Start(t), wxsim.New(wxsim.Config{})
	console := wxsim.PushConfig{Token: "pushtoken", EncodingAESKey: strings.Repeat("a", 43), AppID: sim.MiniAppID()}
	var handled atomic.Int32
	replicas := make([]http.Handler, 3)
	for i := range replicas {
		client := connect(t, redis.Addr, impatience)
		t.Cleanup(client.Close)
		seen, err := redisstore.NewSeen(client, redisstore.SeenConfig{})
		require.NoError(t, err)
		h, err := push.New(push.Config{
			Token: console.Token, EncodingAESKey: console.EncodingAESKey, AppID: console.AppID,
			Seen: seen, Logger: slog.New(slog.DiscardHandler),
			OnMediaCheck: func(context.Context, *push.MediaCheck) error {
				handled.Add(1)
				return nil
			},
		})
		require.NoError(t, err)
		replicas[i] = h
	}
	const messages = 30
	for n := range messages {
		event := sim.MediaCheckEvent(wxsim.PushJSON, "oUser", fmt.Sprint("trace", n), "pass")
		var deliveries sync.WaitGroup
		for i := range 2 * len(replicas) {
			r, err := sim.NewPush(t.Context(), "https://shop.example.com/push", console, event)
			require.NoError(t, err)
			deliveries.Go(func() {
				w := httptest.NewRecorder()
				replicas[i%len(replicas)].ServeHTTP(w, r)
				if w.Code != http.StatusOK || w.Body.String() != "success" {
					t.Errorf("message %d is answered %d %s", n, w.Code, w.Body)
				}
			})
		}
		deliveries.Wait()
	}
	require.Equal(t, messages, int(handled.Load()))
}
