package sessionstore_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gorilla/securecookie"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/sessionstore"
)

func newCodecs(t *testing.T, purpose string, keys ...[]byte) []securecookie.Codec {
	t.Helper()
	codecs, err := sessionstore.NewCodecs(keys, purpose)
	require.NoError(t, err)
	return codecs
}

func TestKeysAreChecked(t *testing.T) {
	short := []byte("sixteen-byte-key")
	for _, tt := range []struct {
		name string
		keys [][]byte
		want []string // parts of the message
	}{
		{"no key", nil, []string{"keys is missing"}},
		{"a short key", [][]byte{short}, []string{"keys[0] is shorter"}},
		{"an empty key", [][]byte{{}}, []string{"keys[0] is shorter"}},
		{"every fault is named", [][]byte{short, key(1), short[:5]}, []string{"keys[0]", "keys[2]"}},
		{"a key of zeros", [][]byte{make([]byte, 32)}, nil},
		{"good keys", [][]byte{key(1), bytes.Repeat([]byte("k"), 64)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, cookieErr := sessionstore.NewCookie(tt.keys...)
			_, codecsErr := sessionstore.NewCodecs(tt.keys, "state")
			for _, err := range []error{cookieErr, codecsErr} {
				require.Equal(t, tt.want == nil, err == nil, err)
				for _, part := range tt.want {
					if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "sixteen") {
						t.Errorf("error = %v; want it to say %q and to show no key", err, part)
					}
				}
			}
		})
	}
	_, err := sessionstore.NewCodecs(nil, "")
	if err == nil || !strings.Contains(err.Error(), "purpose") || !strings.Contains(err.Error(), "key") {
		t.Errorf("without key and purpose: %v; want both faults", err)
	}
}

func TestPurposesAndNamesDoNotMix(t *testing.T) {
	sealed, err := securecookie.EncodeMulti("a", []byte("v"), newCodecs(t, "attempt", key(1))...)
	require.NoError(t, err)
	for _, tt := range []struct {
		label, name, purpose string
		good                 bool
	}{
		{"the same", "a", "attempt", true},
		{"another purpose", "a", "session", false},
		{"another name", "b", "attempt", false},
	} {
		t.Run(tt.label, func(t *testing.T) {
			var got []byte
			err := securecookie.DecodeMulti(tt.name, sealed, &got, newCodecs(t, tt.purpose, key(1))...)
			if (err == nil) != tt.good || (string(got) == "v") != tt.good {
				t.Errorf("Decode = %q, %v; want it to open: %t", got, err, tt.good)
			}
		})
	}
}

func TestSealingLeavesTheValueAlone(t *testing.T) {
	value := []byte("value")
	if _, err := newCodecs(t, "p", key(1))[0].Encode("n", value); err != nil || string(value) != "value" {
		t.Errorf("after Encode the value is %q, %v", value, err)
	}
}

func TestNothingIsSealedToo(t *testing.T) {
	codec := newCodecs(t, "p", key(1))[0]
	sealed, err := codec.Encode("n", []byte{})
	require.NoError(t, err)
	got := []byte("before")
	if err := codec.Decode("n", sealed, &got); err != nil || len(got) > 0 {
		t.Errorf("Decode = %q, %v", got, err)
	}
}

func TestOnlyBytesAreSealed(t *testing.T) {
	codec := newCodecs(t, "p", key(1))[0]
	for _, value := range []any{nil, "text", 1} {
		if sealed, err := codec.Encode("n", value); err == nil {
			t.Errorf("Encode(%#v) = %q, want an error", value, sealed)
		}
	}
	sealed, err := codec.Encode("n", []byte("v"))
	require.NoError(t, err)
	var text string
	require.Error(t, codec.Decode("n", sealed, &text), "a sealed value opens into a string")
}

func TestOneSpelling(t *testing.T) {
	codec := newCodecs(t, "p", key(1))[0]
	sealed, err := codec.Encode("n", []byte("v"))
	require.NoError(t, err)
	for _, other := range []string{sealed + "=", sealed + "\n", sealed[:9] + "\r\n" + sealed[9:], " " + sealed, sealed + "A"} {
		var got []byte
		require.Error(t, codec.Decode("n", other, &got), other)
	}
}
