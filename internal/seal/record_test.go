package seal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRecordIsCompact(t *testing.T) {
	record, err := Marshal(map[any]any{"s": []byte("value")}, time.Unix(1, 0))
	require.NoError(t, err)
	require.Equal(t, "\x01\x00\x00\x00\x01\x01svalue", string(record))
}
