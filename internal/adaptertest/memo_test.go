package adaptertest_test

import (
	"testing"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
)

// Whether opened sessions are remembered changes nothing but the cost.
func TestNothingRemembered(t *testing.T) {
	store := adaptertest.Cookies()
	store.MemoSize = -1
	adaptertest.Run(t, adaptertest.NetHTTP(), store)
}
