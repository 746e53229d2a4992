package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A replica says its name, the host it was asked for and what it was sent. hangUp says when it
// takes a request and dies.
func replica(t *testing.T, name string, hangUp func() bool) *url.URL {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hangUp() {
			panic(http.ErrAbortHandler)
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, name, " ", r.Host, " ", string(body))
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	require.NoError(t, err)
	return u
}

// gone is where nobody listens.
func gone(t *testing.T) *url.URL {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_ = ln.Close()
	return &url.URL{Scheme: "http", Host: ln.Addr().String()}
}

func ask(t *testing.T, replicas []*url.URL, method, body string) (status int, answer string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://shop.example.com/me?code=secret", strings.NewReader(body))
	w := httptest.NewRecorder()
	newBalancer(replicas).ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestReplicasTakeTurns(t *testing.T) {
	never := func() bool { return false }
	balancer := newBalancer([]*url.URL{replica(t, "a", never), replica(t, "b", never), replica(t, "c", never)})
	seen := map[string]int{}
	for range 30 {
		w := httptest.NewRecorder()
		balancer.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://shop.example.com/", nil))
		seen[w.Body.String()]++
	}
	for _, name := range []string{"a", "b", "c"} {
		require.Equal(t, 10, seen[name+" shop.example.com "], "replica %s: %v", name, seen)
	}
}

func TestReplicasThatFail(t *testing.T) {
	never, always := func() bool { return false }, func() bool { return true }
	good, dying := replica(t, "good", never), replica(t, "dying", always)
	for _, tt := range []struct {
		name     string
		replicas []*url.URL
		method   string
		status   int
	}{
		{"one is not there", []*url.URL{gone(t), gone(t), good}, http.MethodGet, 200},
		{"one is not there for a form", []*url.URL{gone(t), gone(t), good}, http.MethodPost, 200},
		{"one dies over a page", []*url.URL{dying, dying, good}, http.MethodGet, 200},
		{"one dies over a form, which may have done its work", []*url.URL{dying, dying, dying}, http.MethodPost, 502},
		{"none is there", []*url.URL{gone(t), gone(t)}, http.MethodGet, 502},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := ""
			if tt.method == http.MethodPost {
				body = "a=b"
			}
			status, answer := ask(t, tt.replicas, tt.method, body)
			if status != tt.status || (status == 200 && answer != "good shop.example.com "+body) || strings.Contains(answer, "secret") {
				t.Errorf("%d %q, want %d", status, answer, tt.status)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		args []string
		good bool
	}{
		{[]string{"http://127.0.0.1:9001", "http://[::1]:9002"}, true},
		{nil, false},
		{[]string{"127.0.0.1:9001"}, false},
		{[]string{"http://127.0.0.1:9001/"}, false},
		{[]string{"https://127.0.0.1:9001"}, false},
		{[]string{"http://127.0.0.1:9001", ""}, false},
	} {
		if got, err := parseReplicas(tt.args); (err == nil) != tt.good || (tt.good && len(got) != len(tt.args)) {
			t.Errorf("%q: %v, %v", tt.args, got, err)
		}
	}
}
