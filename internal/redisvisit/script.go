package redisvisit

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by it
	"encoding/hex"

	"github.com/redis/rueidis"
)

// A Script runs inside Redis, where nothing comes between its commands. Managed services and
// clusters want every key that it touches among KEYS.
type Script struct{ text, sha string }

// NewScript returns the script with that text.
func NewScript(text string) Script {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return Script{text, hex.EncodeToString(sum[:])}
}

// Run runs a script. Its text is sent only to a Redis that does not know it yet. A script that may
// have run already, on a connection that broke, is run again: it has to bear that.
func (s *Server) Run(ctx context.Context, script Script, keys []string, args ...string) rueidis.RedisResult {
	b, n := s.Client.B(), int64(len(keys))
	result := s.Do(ctx, b.Evalsha().Sha1(script.sha).Numkeys(n).Key(keys...).Arg(args...).Build().ToRetryable())
	if err, ok := rueidis.IsRedisErr(result.Error()); ok && err.IsNoScript() {
		return s.Do(ctx, b.Eval().Script(script.text).Numkeys(n).Key(keys...).Arg(args...).Build().ToRetryable())
	}
	return result
}

// dropScript deletes a key that holds what the caller stored.
//
//nolint:gochecknoglobals // a constant, but its hash is computed
var dropScript = NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then
	return redis.call('DEL', KEYS[1])
end
return 0`)
