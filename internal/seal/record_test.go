package seal

import (
	"testing"
	"time"
)

func TestRecordIsCompact(t *testing.T) {
	record, err := Marshal(map[any]any{"s": []byte("value")}, time.Unix(1, 0))
	if err != nil || string(record) != "\x01\x00\x00\x00\x01\x01svalue" {
		t.Errorf("marshal = %q, %v", record, err)
	}
}
