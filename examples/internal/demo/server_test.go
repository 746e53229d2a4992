package demo

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/wxsim"
)

func TestStoppingWaitsForRequestsUnderWay(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	app := &App{draining: make(chan struct{})}
	entered := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-app.draining
		_, _ = io.WriteString(w, "to the end")
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- app.serve(ctx, ln, handler) }()
	go func() {
		<-entered
		stop()
	}()
	res, err := (&http.Client{}).Get("http://" + ln.Addr().String())
	require.NoError(t, err)
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "to the end" {
		t.Errorf("the answer = %q, %v", body, err)
	}
	require.NoError(t, <-served, "serve")
}

// WeChat has had its answer and will not send the message again.
func TestStoppingWaitsForMessagesThatWereAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * 365 * 24 * time.Hour) // bubbles begin in 2000, when timestamps had nine digits
		sim := wxsim.New(wxsim.Config{})
		console := wxsim.PushConfig{Token: "pushtoken", EncodingAESKey: strings.Repeat("a", 43)}
		var finished atomic.Bool
		messages, err := push.New(push.Config{
			Token: console.Token, EncodingAESKey: console.EncodingAESKey, AppID: sim.MiniAppID(),
			OnAny: func(context.Context, *push.Message) (*push.Reply, error) {
				time.Sleep(10 * time.Second) // longer than WeChat waits
				finished.Store(true)
				return nil, nil
			},
		})
		require.NoError(t, err)
		r, err := sim.NewPush(t.Context(), "http://shop.example.com/push", console, sim.AuthorizationEvent(wxsim.PushJSON, "user_info_modified", "oUser"))
		require.NoError(t, err)
		w := httptest.NewRecorder()
		messages.ServeHTTP(w, r)
		if w.Code != http.StatusOK || finished.Load() {
			t.Errorf("WeChat is answered %d, the message handled: %t", w.Code, finished.Load())
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		app := &App{Push: messages, draining: make(chan struct{})}
		if err := app.serve(ctx, webtest.NewListener(), nil); err != nil || !finished.Load() {
			t.Errorf("serve = %v, the message handled: %t", err, finished.Load())
		}
	})
}
