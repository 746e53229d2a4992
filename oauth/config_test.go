package oauth

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// A line end comes with an address from a file. Nobody sees it, so the fault has to name it.
func TestPublicURLWithALineEnd(t *testing.T) {
	for _, publicURL := range []string{"https://shop.example.com\n", "https://shop.example.com/club\r\n", " https://shop.example.com"} {
		_, err := New(Config{AppID: "wx0123456789abcdef", Secret: "s", PublicURL: publicURL, Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}})
		require.EqualError(t, err, "oauth: Config.PublicURL has blanks or a line end round it", "%q", publicURL)
	}
}
