package core

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is an AppSecret. It logs, marshals and, under every verb that takes a string, prints
// as [redacted]; convert it with string(s) where the value itself is needed. A struct that keeps
// one in an unexported field needs a Format method of its own, because there fmt asks no type.
type Secret string

// String returns [redacted].
func (Secret) String() string { return redacted }

// Format writes [redacted] for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, redacted) }

// LogValue makes log/slog write [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText makes JSON, XML and the like write [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// unprintable is embedded in structs that hold a secret or a token: fmt would show their
// unexported fields, and writes [redacted] for the whole instead.
type unprintable struct{}

// Format writes [redacted] for every verb and flag.
func (unprintable) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, redacted) }
