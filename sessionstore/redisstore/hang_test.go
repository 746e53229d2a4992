package redisstore_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// Nobody waits longer than a second for a Redis that hangs: not who asked first, nor who came while the
// client was noticing and connecting anew.
func TestVisitorsOfAHang(t *testing.T) {
	server := redistest.Start(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{server.Addr}, ForceSingleClient: true,
		Dialer: net.Dialer{KeepAlive: 200 * time.Millisecond}, ConnWriteTimeout: 600 * time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	store, err := redisstore.New(client, redisstore.Config{Keys: [][]byte{key(1)}})
	require.NoError(t, err)
	cookies := make([]string, 100)
	for i := range cookies {
		cookies[i] = begin(t, store, "somebody")
	}
	server.Pause()
	defer server.Resume()
	next := time.NewTicker(15 * time.Millisecond)
	defer next.Stop()
	var visitors sync.WaitGroup
	for _, cookie := range cookies {
		<-next.C
		late := make(chan time.Duration, 1) // by how much this machine is, for whoever waits beside the visitor
		visitors.Go(func() {
			began := time.Now()
			<-time.After(800 * time.Millisecond)
			late <- time.Since(began) - 800*time.Millisecond
		})
		visitors.Go(func() {
			began := time.Now()
			_, err := store.New(request(t, cookie), name)
			took := time.Since(began)
			wantOutage(t, "New", err)
			if busy := <-late; took-busy > 1100*time.Millisecond {
				t.Errorf("a visitor waited %v, on a machine that is %v late", took, busy)
			}
		})
	}
	visitors.Wait()
}
