package answers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/answers"
	"github.com/wxoauth/wxoauth/internal/webtest"
)

// A client that trickles its body is answered, and then its connection ends.
func TestDrainIsNoWayToKeepAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := webtest.NewListener()
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answers.Drain(w, r)
			w.WriteHeader(http.StatusUnauthorized)
		})}
		go server.Serve(listener) //nolint:errcheck // it ends with the test
		defer server.Close()      //nolint:errcheck // only the listener could fail
		conn, err := listener.Dial(t.Context(), "", "")
		require.NoError(t, err)
		began := time.Now()
		var client sync.WaitGroup
		client.Go(func() {
			_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000\r\n\r\n")
			for err == nil {
				time.Sleep(time.Second)
				_, err = io.WriteString(conn, "x")
			}
		})
		answer, err := io.ReadAll(conn)
		if took := time.Since(began); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 401 ") || took > 15*time.Second {
			t.Errorf("after %v: %q, %v", took, answer, err)
		}
		require.NoError(t, conn.Close())
		client.Wait()
	})
}

// endless is a body that a stranger sends without end.
type endless struct{ read int64 }

func (e *endless) Read(b []byte) (int, error) {
	e.read += int64(len(b))
	return len(b), nil
}

// Of an upload without end 16 MB are read, and nothing where the client asks before.
func TestDrainHasLimits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *http.Request)
		want   int64
	}{
		{"an upload without end", func(*http.Request) {}, 16 << 20},
		{"an upload that waits for a word", func(r *http.Request) { r.Header.Set("Expect", "100-continue") }, 0},
		{"an upload over HTTP/2", func(r *http.Request) { r.ProtoMajor = 2 }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := &endless{}
			r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(body))
			tt.change(r)
			answers.Drain(httptest.NewRecorder(), r)
			if body.read != tt.want {
				t.Errorf("%d bytes are read, want %d", body.read, tt.want)
			}
		})
	}
}
