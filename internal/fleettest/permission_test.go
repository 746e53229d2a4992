package fleettest_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/markdown"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

var documented = regexp.MustCompile(`(?m)^ACL SETUSER app (.*)$`)

// The permissions that docs/operations.md gives the app are enough for all that it does with Redis.
func TestDocumentedPermissions(t *testing.T) {
	t.Parallel()
	found := documented.FindStringSubmatch(markdown.Read(t, "docs/operations.md").Text)
	require.NotNil(t, found, "docs/operations.md has no ACL SETUSER")
	f := newFleet(t)
	rule := append([]string{"ACL", "SETUSER", "app"}, strings.Fields(found[1])...)
	require.Equal(t, "OK", f.redis.Do(rule...), rule)
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{f.redis.Addr}, Username: "app", Password: "PASSWORD", ForceSingleClient: true, ConnWriteTimeout: 10 * time.Second,
		ClientSetInfo: rueidis.DisableClientSetInfo, // it may fail, and Redis would log it
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	keys := [][]byte{adaptertest.Key('2'), adaptertest.Key('1')}
	store := newStore(t, client, redisstore.Config{Keys: keys, Timeout: 10 * time.Second})
	old := f.signIn(1, 1) // a session that is sealed anew when it is read
	f.deploy(0, func(cfg *oauth.Config) { cfg.Keys, cfg.Store = keys, store })

	f.WantUser(old.Do(to(0, script("/base"))), 1)
	v, callback := f.signInTwice(2, 3, 0)
	f.WantUser(v.Walk(to(0, back(callback)), nil), 3)
	f.WantStatus(v.Do(to(0, webtest.Request{Method: http.MethodPost, URL: adaptertest.PublicURL + "/logout", Kind: webtest.Fetch()})), http.StatusNoContent)

	ctx := t.Context()
	if _, _, err := store.(sessionstore.Outcomes).Outcome(ctx, "k"); err != nil {
		t.Error(err)
	}
	cache := rediscache.New(client, "wx:")
	release, ok, err := cache.Lease(ctx, "k", time.Minute)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	release()
	seen, err := redisstore.NewSeen(client, redisstore.SeenConfig{})
	require.NoError(t, err)
	_, _, reserveErr := seen.Reserve(ctx, "k", time.Minute)
	for _, err := range []error{
		cache.Set(ctx, "k", "v", time.Minute), reserveErr, seen.Extend(ctx, "k", time.Hour), seen.Release(ctx, "k"), seen.Done(ctx, "k", time.Minute),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	require.Empty(t, f.redis.Do("ACL", "LOG"))
}
