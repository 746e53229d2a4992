package sessionstore

import "fmt"

// Format hides the keys under every verb.
func (s *CookieStore) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "sessionstore.CookieStore")
}
