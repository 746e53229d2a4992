package mpapi_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/mpapi"
)

// A file is what Media.Get gave.
type file struct{ contentType, content string }

func getMedia(id string) func(context.Context, *mpapi.Client) (any, error) {
	return func(ctx context.Context, c *mpapi.Client) (any, error) {
		var w strings.Builder
		kind, err := c.Media.Get(ctx, id, &w)
		if err != nil && w.Len() > 0 {
			return nil, errors.New("a part of the file was written")
		}
		return file{kind, w.String()}, err
	}
}

func mediaCases() []apiCase {
	const op = "GET /cgi-bin/media/get"
	return []apiCase{
		{
			name: "a picture", call: getMedia("M/+="), op: op, query: url.Values{"media_id": {"M/+="}},
			kind: "image/png", answer: png, want: file{"image/png", png},
		},
		{
			name: "a file that begins like JSON", call: getMedia("M"), op: op, query: url.Values{"media_id": {"M"}},
			kind: "audio/amr", answer: `{"errcode":40007}`, want: file{"audio/amr", `{"errcode":40007}`},
		},
		{
			name: "the address of a video", call: getMedia("M"), op: op, query: url.Values{"media_id": {"M"}},
			kind: "application/json", answer: `{"video_url":"http://v.example.com/1"}`,
			want: file{"application/json", `{"video_url":"http://v.example.com/1"}`},
		},
	}
}

func TestMedia(t *testing.T) { run(t, mediaCases()) }

func TestMediaTellsThatItCannotWrite(t *testing.T) {
	full := errors.New("the disk is full")
	w := &wechat{kind: "image/png", answer: png}
	if _, err := w.api(t).Media.Get(t.Context(), "M", writer(func([]byte) (int, error) { return 0, full })); !errors.Is(err, full) {
		t.Errorf("Get = %v; want %v", err, full)
	}
}

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }
