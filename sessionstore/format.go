package sessionstore

import "fmt"

// Format hides the keys, whatever the verb.
func (s *CookieStore) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "sessionstore.CookieStore")
}
