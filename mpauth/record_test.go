package mpauth

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/subject"
)

func newRecord() record {
	return record{
		session: Session{AppID: "wx1", OpenID: "o1", UnionID: "u1", SessionKey: "tiihtNczf5v6AKRyjwEUhQ=="},
		loginAt: time.Unix(1_800_000_000, 0),
	}
}

// The form is kept: sessions outlive deploys.
func TestRecordForm(t *testing.T) {
	const form = "\x01\x6b\x49\xd2\x00\x04mini\x03wx1\x02o1\x02u1\x18tiihtNczf5v6AKRyjwEUhQ=="
	require.Equal(t, form, string(newRecord().marshal()))
	got, err := unmarshalRecord([]byte(form), "wx1")
	require.NoError(t, err)
	require.Equal(t, newRecord(), got)
}

func TestRecordOfSomebodyElse(t *testing.T) {
	good := newRecord().marshal()
	for _, tt := range []struct {
		name, appID string
		data        []byte
	}{
		{"nothing", "wx1", nil},
		{"an older version", "wx1", append([]byte{0}, good[1:]...)},
		{"a newer version", "wx1", append([]byte{2}, good[1:]...)},
		{"another appid", "wx2", good},
		{"another purpose", "wx1", bytes.Replace(good, []byte("mini"), []byte("auth"), 1)},
		{"a byte more", "wx1", append(good, 0)},
		{"no openid", "wx1", record{session: Session{AppID: "wx1"}}.marshal()},
		{"a malformed openid", "wx1", record{session: Session{AppID: "wx1", OpenID: "o 1"}}.marshal()},
		{"a length beyond the end", "wx1", append(good[:5:5], 0xff, 0x07)},
		{"an absurd length", "wx1", append(good[:5:5], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)},
		{"an endless length", "wx1", append(good[:5:5], bytes.Repeat([]byte{0xff}, 20)...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := unmarshalRecord(tt.data, tt.appID); !errors.Is(err, errRecord) || got != (record{}) {
				t.Errorf("unmarshal = %+v, %v", got, err)
			}
		})
	}
	for size := range good {
		if _, err := unmarshalRecord(good[:size], "wx1"); err == nil {
			t.Errorf("cut to %d bytes it is still a record", size)
		}
	}
}

func FuzzRecord(f *testing.F) {
	good := newRecord().marshal()
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(append(good, good...))
	f.Add([]byte{recordVersion, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte("\x01\x00\x00\x00\x00\x84\x00mini\x03wx1\x02o1\x00\x00")) // a length in two bytes
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := unmarshalRecord(data, "wx1")
		if err != nil {
			require.ErrorIs(t, err, errRecord)
			require.Equal(t, record{}, rec)
			return
		}
		if rec.session.AppID != "wx1" || !subject.ValidID(rec.session.OpenID) {
			t.Errorf("a record of %+v passed", rec.session)
		}
		if again, err := unmarshalRecord(rec.marshal(), "wx1"); err != nil || again != rec {
			t.Errorf("round trip = %+v, %v; want %+v", again, err, rec)
		}
	})
}
