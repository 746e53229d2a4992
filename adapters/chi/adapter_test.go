package wxoauth_test

import (
	"testing"

	"github.com/wxoauth/wxoauth/internal/adaptertest"
)

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Chi(), adaptertest.Cookies())
}
