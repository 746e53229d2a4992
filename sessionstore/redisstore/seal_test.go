package redisstore

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func newTestSealer(tb testing.TB, keys ...byte) *sealer {
	tb.Helper()
	var all [][]byte
	for _, b := range keys {
		all = append(all, bytes.Repeat([]byte{b}, 32))
	}
	s, err := newSealer(all)
	require.NoError(tb, err)
	return s
}

func TestWhenToReseal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func(s *sealer, sealed string, want bool) {
			t.Helper()
			record, reseal, err := s.open("k", sealed)
			if string(record) != "record" || reseal != want || err != nil {
				t.Errorf("open = %q, reseal %t, %v; want reseal %t", record, reseal, err, want)
			}
		}
		before := newTestSealer(t, 1)
		early := before.seal("k", []byte("record"))
		time.Sleep(time.Microsecond)
		next := newTestSealer(t, 2, 1)
		late := before.seal("k", []byte("record"))
		open(next, early, true) // the old key is on its way out
		open(next, late, false) // perhaps this process is the one with the old keys
		open(newTestSealer(t, 1, 2), early, false)
		time.Sleep(resealAfter)
		open(next, late, false)
		time.Sleep(time.Microsecond)
		open(next, late, true)
	})
}

// FuzzOpen feeds the opener any record: nothing but what was sealed may open, and only for its key.
func FuzzOpen(f *testing.F) {
	s := newTestSealer(f, 1)
	f.Add([]byte{}, "k", []byte("v"))
	f.Add([]byte(s.seal("k", []byte("v")))[1:], "", []byte{})
	f.Add([]byte("\x00\x00\x00\x00"), "k", []byte("v")) // the checksum of nothing
	f.Fuzz(func(t *testing.T, noise []byte, key string, record []byte) {
		sealed := s.seal(key, record)
		if got, _, err := s.open(key, sealed); err != nil || !bytes.Equal(got, record) {
			t.Errorf("round trip of %q = %q, %v", record, got, err)
		}
		for _, other := range []struct{ key, sealed string }{{key, string(noise)}, {key + "x", sealed}, {key, sealed + string(noise) + "x"}} {
			if got, _, err := s.open(other.key, other.sealed); err == nil {
				t.Errorf("%q under %q opens to %q", other.sealed, other.key, got)
			}
		}
	})
}
