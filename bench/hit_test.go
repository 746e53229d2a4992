package bench

import (
	"net/http"
	"testing"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/redistest"
)

// BenchmarkRedisHit is the hot path of a Redis session, for a profiler.
func BenchmarkRedisHit(b *testing.B) {
	c := onHTTP("hit", inRedis(newRedis(b), false))
	requests := c.requests(b, 64)
	w := writer{http.Header{}}
	var r http.Request
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		serve(c.handler, w, &r, requests[i%64])
		i++
	}
}

// newRedis returns the client of a server of its own, with tracking.
func newRedis(tb testing.TB) rueidis.Client {
	tb.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redistest.Start(tb).Addr}})
	must(err)
	tb.Cleanup(client.Close)
	return client
}
