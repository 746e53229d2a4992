package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/sessionstore/storetest"
)

// A cluster refuses commands and scripts whose keys are not in one slot, also if it has one node.
func TestCluster(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	server.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	server.Eventually("the cluster is up", func() bool { return strings.Contains(server.Do("CLUSTER", "INFO"), "cluster_state:ok") })
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	if client.Mode() != rueidis.ClientModeCluster {
		t.Fatalf("the client's mode is %s", client.Mode())
	}
	newStore := func(t *testing.T) *redisstore.Store {
		t.Helper()
		server.Do("FLUSHALL")
		store, err := redisstore.New(client, redisstore.Config{Keys: [][]byte{key(1)}})
		require.NoError(t, err)
		return store
	}
	storetest.Run(t, func(t *testing.T) sessions.Store { return newStore(t) })                //nolint:thelper // it is none
	storetest.RunEnder(t, func(t *testing.T) sessions.Store { return newStore(t) })           //nolint:thelper // as above
	storetest.RunOutcomes(t, func(t *testing.T) sessionstore.Outcomes { return newStore(t) }) //nolint:thelper // as above
	seen, err := redisstore.NewSeen(client, redisstore.SeenConfig{})
	require.NoError(t, err)
	if reserved, _, err := seen.Reserve(t.Context(), "k", time.Minute); !reserved || err != nil {
		t.Errorf("Reserve = %t, %v", reserved, err)
	}
	if err := seen.Release(t.Context(), "k"); err != nil {
		t.Error(err)
	}
	cache := rediscache.New(client, "wx:")
	if release, ok, err := cache.Lease(t.Context(), "k", time.Minute); !ok || err != nil {
		t.Errorf("Lease = %t, %v", ok, err)
	} else {
		release()
	}
}
