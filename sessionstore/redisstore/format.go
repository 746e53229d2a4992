package redisstore

import (
	"fmt"
	"log/slog"
)

// Format writes the prefix and hides the keys, whatever the verb.
func (cfg Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "redisstore.Config of %q", cfg.Prefix)
}

// LogValue makes log/slog write the same, also in JSON.
func (cfg Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(cfg)) }
