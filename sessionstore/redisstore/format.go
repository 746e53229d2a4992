package redisstore

import "fmt"

// Format prints the prefix; the keys are hidden under every verb.
func (cfg Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "redisstore.Config of %q", cfg.Prefix)
}
