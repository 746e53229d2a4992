package redisstore

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by it
	"encoding/hex"

	"github.com/redis/rueidis"
)

// A script runs inside Redis, where nothing comes between its commands. All keys that it touches
// are among KEYS, as managed services and clusters want it.
type script struct{ text, sha string }

func newScript(text string) script {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // as above
	return script{text, hex.EncodeToString(sum[:])}
}

// run runs a script. Its text is sent only to a Redis that does not know it yet. A script that
// Redis may have run already, on a connection that broke, is run again: it has to bear that.
func (s *server) run(ctx context.Context, script script, keys []string, args ...string) rueidis.RedisResult {
	b := s.client.B()
	result := s.do(ctx, b.Evalsha().Sha1(script.sha).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build().ToRetryable())
	if err, ok := rueidis.IsRedisErr(result.Error()); ok && err.IsNoScript() {
		return s.do(ctx, b.Eval().Script(script.text).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build().ToRetryable())
	}
	return result
}
