package redisvisit

import (
	"context"
	"crypto/sha1" //nolint:gosec // the name of a script in Redis
	"encoding/hex"

	"github.com/redis/rueidis"
)

// A Script is a Lua script that runs in Redis, with no other command between its own. Managed
// services and clusters require that every key that it uses is among KEYS.
type Script struct{ text, sha string }

// NewScript returns the script with that text.
func NewScript(text string) Script {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // the name of a script in Redis
	return Script{text, hex.EncodeToString(sum[:])}
}

// Run runs a script. Its text is sent only if Redis does not know it yet. If a connection breaks,
// the script is run again although it may have run, so it must allow that.
func (s *Server) Run(
	ctx context.Context, script Script, keys []string, args ...string,
) rueidis.RedisResult {
	b, n := s.Client.B(), int64(len(keys))
	result := s.Do(ctx, b.Evalsha().Sha1(script.sha).Numkeys(n).Key(keys...).Arg(args...).Build().
		ToRetryable())
	if err, ok := rueidis.IsRedisErr(result.Error()); ok && err.IsNoScript() {
		return s.Do(ctx, b.Eval().Script(script.text).Numkeys(n).Key(keys...).Arg(args...).Build().
			ToRetryable())
	}
	return result
}

// dropScript deletes a key if it still has the value that the caller has stored.
//
//nolint:gochecknoglobals // a constant, but its hash is computed
var dropScript = NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then
	return redis.call('DEL', KEYS[1])
end
return 0`)
