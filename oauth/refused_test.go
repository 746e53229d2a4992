package oauth_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore"
)

// A remembering store of outcomes knows all its keys.
type remembering struct {
	*sessionstore.MemoryOutcomes

	keys []string
}

func (r *remembering) Reserve(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	r.keys = append(r.keys, key)
	return r.MemoryOutcomes.Reserve(ctx, key, ttl)
}

// Anybody can begin logins and make codes up. Once the answer is forgotten nothing is left of them.
func TestARefusedCodeLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &remembering{MemoryOutcomes: sessionstore.NewMemoryOutcomes()}
		api := &wechat{answers: map[string][]string{exchangePath: {`{"errcode":40029,"errmsg":"invalid code"}`}}}
		_, page := newAuth(t, func(cfg *oauth.Config) {
			cfg.Outcomes, cfg.HTTPClient = store, webtest.InMemory(api)
		})
		callback := callbackOf(t, page)
		for range 3 {
			if page.ServeHTTP(httptest.NewRecorder(), callback()); paths(api.asked) != exchangePath {
				t.Errorf("WeChat was asked: %s", paths(api.asked))
			}
		}
		time.Sleep(31 * time.Second)
		for _, key := range store.keys {
			if _, held, _ := store.Outcome(t.Context(), key); held {
				t.Errorf("%q is still held", key)
			}
		}
	})
}
