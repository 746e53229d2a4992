package stores

import (
	"context"
	"time"
)

type admittedKey struct{}

// WithAdmission notes when a request came whose session was looked at, and found good.
func WithAdmission(ctx context.Context, came time.Time) context.Context {
	return context.WithValue(ctx, admittedKey{}, came)
}

// Admission returns what WithAdmission has noted, or else the time that it is.
func Admission(ctx context.Context) time.Time {
	if came, ok := ctx.Value(admittedKey{}).(time.Time); ok {
		return came
	}
	return time.Now()
}
