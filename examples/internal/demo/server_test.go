package demo

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
)

func TestStoppingWaitsForRequestsUnderWay(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "to the end" {
		t.Errorf("the answer = %q, %v", body, err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}
