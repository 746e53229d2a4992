package wxoauth_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/gin-gonic/gin"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
)

// The routes of a group with a prefix would not be where pages look for them. That is noticed at the
// start, and not by the first user who is sent to a 404.
func TestMountInAGroup(t *testing.T) {
	auth, err := wxoauth.New(wxoauth.Config{
		AppID: "wx0123456789abcdef", Secret: "s", PublicURL: "http://localhost", Keys: [][]byte{bytes.Repeat([]byte("k"), 32)},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.TestMode)
	for prefix, panics := range map[string]bool{"/": false, "/api": true} {
		t.Run(prefix, func(t *testing.T) {
			defer func() {
				if got := recover() != nil; got != panics {
					t.Errorf("panics: %v, want %v", got, panics)
				}
			}()
			auth.Mount(gin.New().Group(prefix))
		})
	}
}
