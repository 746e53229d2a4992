package redisstore

import "fmt"

// Format writes the prefix and hides the keys, whatever the verb.
func (cfg Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "redisstore.Config of %q", cfg.Prefix)
}

// MarshalText makes JSON, log/slog and the like write the same.
func (cfg Config) MarshalText() ([]byte, error) { return fmt.Append(nil, cfg), nil }
