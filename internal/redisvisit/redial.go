package redisvisit

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// A redial ends the connections of a client, so that it looks up the server's name again. After a
// planned failover the old primary still answers, as a replica that refuses to write. Clients that
// are connected to it are not told.
type redial struct {
	mu   sync.Mutex
	last time.Time
}

const (
	// redialPause is the shortest time between two redials. After each, cached values have to be
	// read again, so a Redis that stays read-only must not cause them all the time.
	redialPause = 2 * time.Second
	// redialTries is how many connections are ended. The client has four by default and uses a
	// random one for each command, so with twenty tries it is unlikely that one is left.
	redialTries = 20
)

// writing sends a command within the time limit. If Redis answers that it is read-only, it has
// done nothing, and the command is sent again on a new connection.
func (s *Server) writing(
	ctx context.Context, send func(context.Context) rueidis.RedisResult,
) rueidis.RedisResult {
	began := time.Now()
	result := s.guard(ctx, send)
	// If a script was refused, the error has more words after READONLY, and with older versions of
	// Redis also before it.
	if refusal, ok := rueidis.IsRedisErr(result.Error()); !ok ||
		!strings.Contains(refusal.Error(), "READONLY") {
		return result
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.deadline(ctx, began))
	defer cancel()
	if !s.redialled(ctx, began) {
		return result
	}
	return s.guard(ctx, send)
}

// redialled reports whether the connections are newer than began. It ends them if the last redial
// was long enough ago.
func (s *Server) redialled(ctx context.Context, began time.Time) bool {
	s.dial.mu.Lock()
	defer s.dial.mu.Unlock()
	switch {
	case s.dial.last.After(began): // another caller has ended them already
		return true
	case time.Since(s.dial.last) < redialPause:
		return false
	}
	_ = s.guard(ctx, func(ctx context.Context) rueidis.RedisResult {
		b := s.Client.B()
		for range redialTries {
			// Redis answers QUIT and ends the connection, which the client notices with PING.
			quit, ping := b.Arbitrary("QUIT").Keys("any").Build(), b.Arbitrary("PING").Build()
			s.Client.DoMulti(ctx, quit.Pin(), ping.Pin())
		}
		return rueidis.RedisResult{}
	})
	s.dial.last = time.Now()
	return true
}
