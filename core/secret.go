package core

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is an AppSecret. It prints, logs and marshals as [redacted] under every verb;
// convert it with string(s) where the value itself is needed.
type Secret string

// String returns [redacted].
func (Secret) String() string { return redacted }

// Format writes [redacted] for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue makes log/slog write [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText makes JSON, XML and the like write [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
