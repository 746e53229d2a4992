package core

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is an AppSecret. It prints, logs and marshals as [redacted]; convert it with string(s)
// where the value itself is needed. A struct with a Secret in an unexported field needs a Format
// method of its own, because fmt does not call the methods of unexported fields.
type Secret string

// String returns [redacted].
func (Secret) String() string { return redacted }

// Format writes [redacted] for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, redacted) }

// LogValue makes log/slog write [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText makes JSON, XML and the like write [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// unprintable is embedded in structs with a secret or a token in an unexported field, which fmt
// would show. With its Format method, fmt writes [redacted] for the whole struct.
type unprintable struct{}

// Format writes [redacted] for every verb and flag.
func (unprintable) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, redacted) }
