package adaptertest_test

import (
	"testing"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
)

// What WeChat does wrong, with sessions in Redis.
func TestWeChatMisbehavesWithRedis(t *testing.T) {
	adaptertest.RunFaults(t, adaptertest.NetHTTP(), redisSessions(), false)
	t.Run("logins", func(t *testing.T) { adaptertest.OutliveFaults().Run(t, adaptertest.NetHTTP(), redisSessions()) })
}
