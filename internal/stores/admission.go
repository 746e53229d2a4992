package stores

import (
	"context"
	"time"
)

type admittedKey struct{}

// WithAdmission returns a context with the time when the request came, after its session was found
// good.
func WithAdmission(ctx context.Context, came time.Time) context.Context {
	return context.WithValue(ctx, admittedKey{}, came)
}

// Admission returns the time of WithAdmission, or the present time if there is none.
func Admission(ctx context.Context) time.Time {
	if came, ok := ctx.Value(admittedKey{}).(time.Time); ok {
		return came
	}
	return time.Now()
}
