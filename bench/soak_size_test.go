package bench

import (
	"flag"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

var soakSessions = flag.Int("soak.sessions", 20_000, "sessions whose size in Redis is measured")

// mostPerSession is what docs/operations.md counts with, in bytes of Redis' memory.
const mostPerSession = 1000

// TestSizeOfSessions stores the session of one real login many times over, each under an id of its
// own, and asks Redis what that takes.
func TestSizeOfSessions(t *testing.T) {
	server := redistest.Start(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	store, err := redisstore.New(client, redisstore.Config{Keys: [][]byte{hashKey}})
	if err != nil {
		t.Fatal(err)
	}
	c := onHTTP("", func(cfg *oauth.Config) { cfg.Store = store })
	signedIn := c.requests(t, 1)[0]
	name := ""
	for _, cookie := range signedIn.Cookies() {
		if strings.HasPrefix(cookie.Name, "__Host-wx-") {
			name = cookie.Name
		}
	}
	session, err := store.New(signedIn, name)
	if err != nil || session.IsNew {
		t.Fatalf("no session to copy: %v", err)
	}
	record, _ := strconv.Atoi(server.Do("STRLEN", recordKeys(server)[0]))
	server.Do("FLUSHALL")

	before := usedMemory(t, server)
	began := time.Now()
	ids := make([]string, *soakSessions)
	var workers sync.WaitGroup
	const width = 64
	for w := range width {
		workers.Go(func() {
			for i := w; i < *soakSessions; i += width {
				copied := sessions.NewSession(store, name)
				copied.Values = session.Values
				options := *session.Options
				copied.Options = &options
				if err := store.Save(signedIn, httptest.NewRecorder(), copied); err != nil {
					t.Error(err)
					return
				}
				ids[i] = copied.ID
			}
		})
	}
	workers.Wait()
	took := time.Since(began)
	if n := server.Do("DBSIZE"); n != strconv.Itoa(*soakSessions) {
		t.Fatalf("Redis holds %s keys, want %d", n, *soakSessions)
	}
	each := (usedMemory(t, server) - before) / *soakSessions
	t.Logf("%d sessions stored in %v: a record of %d bytes takes %d bytes of memory; 10,000,000 take %.1f GB",
		*soakSessions, took.Round(time.Millisecond), record, each, float64(each)*1e7/1e9)
	if each > mostPerSession {
		t.Errorf("docs/operations.md counts with %d bytes", mostPerSession)
	}

	ids = ids[:min(len(ids), 20_000)]
	heap, used := liveHeap(), usedMemory(t, server)
	for _, id := range ids {
		if sealed, err := store.Peek(t.Context(), name, id); err != nil || sealed == "" {
			t.Fatalf("a session that was stored: %q, %v", sealed, err)
		}
	}
	t.Logf("a session that was read takes %d bytes in the client, and %d in Redis to remember who has read it",
		(liveHeap()-heap)/len(ids), (usedMemory(t, server)-used)/len(ids))
}

// liveHeap is what this process holds, in bytes.
func liveHeap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// infoLine is a figure of INFO.
func infoLine(server *redistest.Server, name string) string {
	_, rest, _ := strings.Cut(server.Do("INFO", "everything"), "\n"+name+":")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// recordKeys are the keys of sessions.
func recordKeys(server *redistest.Server) (keys []string) {
	for _, key := range server.Keys() {
		if strings.HasPrefix(key, "wx:s:") {
			keys = append(keys, key)
		}
	}
	return keys
}

// usedMemory is what Redis has allocated, in bytes.
func usedMemory(t *testing.T, server *redistest.Server) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(infoLine(server, "used_memory")))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
