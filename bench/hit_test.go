package bench

import (
	"testing"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/redistest"
)

// BenchmarkRedisHit is the hot path of a Redis session, for a profiler.
func BenchmarkRedisHit(b *testing.B) {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redistest.Start(b).Addr}})
	must(err)
	b.Cleanup(client.Close)
	c := onHTTP("hit", inRedis(client, false))
	requests := c.requests(b, 64)
	w := writer{}
	w.header = map[string][]string{}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r := *requests[i%64]
		i++
		c.handler.ServeHTTP(w, &r)
	}
}
