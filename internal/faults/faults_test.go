package faults_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/faults"
)

func TestFaultsAreNamedInOneForm(t *testing.T) {
	const blanks = "has blanks or a line end round it"
	good, zero := []byte(strings.Repeat("k", 32)), make([]byte, 32)
	for _, tt := range []struct {
		name string
		look func(l *faults.List)
		want string // without the struct's name, one fault a line
	}{
		{"nothing", func(*faults.List) {}, ""},
		{"a good account", func(l *faults.List) { l.Account("", "wx1", "s") }, ""},
		{"an empty account", func(l *faults.List) { l.Account("Website.", "", "") }, "Website.AppID is missing\nWebsite.Secret is missing"},
		{"a line end", func(l *faults.List) { l.Account("", "wx1\n", "canary\r\n") }, "AppID " + blanks + "\nSecret " + blanks},
		{"blanks", func(l *faults.List) { l.Account("", " wx1", "canary\t") }, "AppID " + blanks + "\nSecret " + blanks},
		{"blanks that nobody sees", func(l *faults.List) { l.Account("", "\ufeffwx1", "canary\u200b") }, "AppID " + blanks + "\nSecret " + blanks},
		{"nothing but blanks", func(l *faults.List) { l.Account("", "　", "s") }, "AppID " + blanks},
		{"blanks inside", func(l *faults.List) { l.Account("", "wx 1", "a secret") }, ""},
		{"a good key", func(l *faults.List) { l.Keys("Keys", [][]byte{good}) }, ""},
		{"no key", func(l *faults.List) { l.Keys("Keys", nil) }, "Keys is missing: one random key of 32 bytes is enough"},
		{"an empty key", func(l *faults.List) { l.Keys("Keys", [][]byte{good, nil}) }, "Keys[1] is shorter than 32 bytes"},
		{"a short key", func(l *faults.List) { l.Keys("Keys", [][]byte{good[1:], good}) }, "Keys[0] is shorter than 32 bytes"},
		{"a zero key", func(l *faults.List) { l.FilledKeys("Keys", [][]byte{zero}) }, "Keys[0] is all zero bytes: fill it from crypto/rand"},
		{"one bit is set", func(l *faults.List) { l.FilledKeys("Keys", [][]byte{append(zero[:31:31], 1)}) }, ""},
		{"the default", func(l *faults.List) { l.Duration("MaxAge", 0, time.Second) }, ""},
		{"long enough", func(l *faults.List) { l.Duration("MaxAge", time.Second, time.Second) }, ""},
		{"nanoseconds", func(l *faults.List) { l.Duration("MaxAge", 30, time.Second) }, "MaxAge is under 1s: a plain number counts nanoseconds, write 30 * time.Minute"},
		{"negative", func(l *faults.List) { l.Duration("MaxAge", -1, time.Second) }, "MaxAge is negative"},
		{"several", func(l *faults.List) {
			l.If(true, "A", "is odd")
			l.If(false, "B", "is odd")
			l.Duration("C", -1, 0)
		}, "A is odd\nC is negative"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := faults.In("oauth: Config.")
			tt.look(l)
			got := ""
			if err := l.Err(); err != nil {
				got = err.Error()
			}
			want := tt.want
			if want != "" {
				want = "oauth: Config." + strings.ReplaceAll(want, "\n", "\noauth: Config.")
			}
			require.Equal(t, want, got)
		})
	}
}
