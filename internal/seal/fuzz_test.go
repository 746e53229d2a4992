package seal

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzUnmarshal feeds the reader of opened records any bytes: it must never panic, and what it
// accepts it must write back to the same values.
func FuzzUnmarshal(f *testing.F) {
	for _, values := range []map[any]any{
		{"s": []byte("value")},
		{"": []byte{}},
		{string(bytes.Repeat([]byte("k"), 255)): []byte("v")},
		{"name": "Li Lei", 7: 42},
	} {
		record, err := Marshal(values, time.Unix(4_000_000_000, 0))
		require.NoError(f, err)
		f.Add(record)
	}
	f.Add([]byte{})
	f.Add([]byte{formSingle, 0, 0, 0, 0, 9, 'k'})
	f.Add([]byte{99, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, record []byte) {
		values, expiry, err := Unmarshal(record)
		if err != nil {
			return
		}
		again, err := Marshal(values, expiry)
		require.NoError(t, err, "Marshal(%v)", values)
		if record[0] == formSingle && !bytes.Equal(again, record) {
			t.Errorf("%q is written back as %q", record, again)
		}
	})
}
