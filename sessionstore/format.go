package sessionstore

import (
	"fmt"
	"io"
)

// Format hides the keys under every verb.
func (s *CookieStore) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "sessionstore.CookieStore")
}
