package redisstore

import (
	"fmt"
	"log/slog"
)

// Format prints the prefix; the keys are hidden under every verb.
func (cfg Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "redisstore.Config of %q", cfg.Prefix)
}

// LogValue says the same in logs, also in those of JSON.
func (cfg Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(cfg)) }
