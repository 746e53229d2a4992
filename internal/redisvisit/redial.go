package redisvisit

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// A redial gives up a client's connections, so that the server's name is looked up again. After an
// orderly failover the old primary goes on answering, as a replica that refuses to write, and nobody
// tells those who are connected to it.
type redial struct {
	mu   sync.Mutex
	last time.Time
}

const (
	// redialPause is the least time from one redial to the next: what was read on a connection has to
	// be read again, so a Redis that stays read-only should not lose them all the time.
	redialPause = 2 * time.Second
	// redialTries is how many connections are ended. The client has four unless it was told otherwise,
	// and picks one at random: of twenty tries hardly any misses one.
	redialTries = 20
)

// writing sends a command within the time of a visit. A Redis that says that it is read-only has done
// nothing: the command is sent again on a new connection.
func (s *Server) writing(ctx context.Context, send func(context.Context) rueidis.RedisResult) rueidis.RedisResult {
	began := time.Now()
	result := s.guard(ctx, send)
	// A script's refusal has more words behind, and in front with older versions of Redis.
	if refusal, ok := rueidis.IsRedisErr(result.Error()); !ok || !strings.Contains(refusal.Error(), "READONLY") {
		return result
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.deadline(ctx, began))
	defer cancel()
	if !s.redialled(ctx, began) {
		return result
	}
	return s.guard(ctx, send)
}

// redialled reports whether the connections are newer than began, and gives them up if it is time to.
func (s *Server) redialled(ctx context.Context, began time.Time) bool {
	s.dial.mu.Lock()
	defer s.dial.mu.Unlock()
	switch {
	case s.dial.last.After(began): // for somebody else who was refused
		return true
	case time.Since(s.dial.last) < redialPause:
		return false
	}
	_ = s.guard(ctx, func(ctx context.Context) rueidis.RedisResult {
		b := s.Client.B()
		for range redialTries {
			// Redis answers the first and ends the connection, and the second notices.
			quit, ping := b.Arbitrary("QUIT").Keys("any").Build(), b.Arbitrary("PING").Build()
			s.Client.DoMulti(ctx, quit.Pin(), ping.Pin())
		}
		return rueidis.RedisResult{}
	})
	s.dial.last = time.Now()
	return true
}
