package fleettest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

// appEnv holds an appJob in a process that is a replica.
const appEnv = "FLEETTEST_APP"

// An appJob says what a replica's process serves.
type appJob struct {
	Frame                     int // of adaptertest.Frames
	Redis, API, AppID, Secret string
}

// memoryPath is where a replica's process says how many bytes it holds.
const memoryPath = "/fleettest/memory"

// serveApp is a replica's process. It writes the address that it listens on in one line.
func serveApp(text string) {
	var j appJob
	check(json.Unmarshal([]byte(text), &j))
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{j.Redis}, ForceSingleClient: true})
	check(err)
	keys := [][]byte{adaptertest.Key('1')}
	// The limit is what a busy machine may need.
	store, err := redisstore.New(client, redisstore.Config{Keys: keys, Timeout: 10 * time.Second})
	check(err)
	app, err := adaptertest.Frames()[j.Frame].Routes(oauth.Config{
		AppID: j.AppID, Secret: core.Secret(j.Secret), PublicURL: adaptertest.PublicURL, Keys: keys, Store: store,
		APIURL: j.API, AskAtOnce: true, Logger: slog.New(slog.DiscardHandler),
	}, site{})
	check(err)
	mux := http.NewServeMux()
	mux.Handle("/", app)
	mux.HandleFunc(memoryPath, func(w http.ResponseWriter, _ *http.Request) {
		debug.FreeOSMemory()
		fmt.Fprint(w, held())
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(l.Addr())
	check(http.Serve(l, mux))
}

// held is the memory that this process holds, in bytes.
func held() int {
	status, err := os.ReadFile("/proc/self/statm")
	check(err)
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	check(err)
	return pages * os.Getpagesize()
}

// A site shows the pages of a replica's process.
type site struct{}

func (site) Show(w http.ResponseWriter, r *http.Request, u *core.User) { adaptertest.ShowPage(w, r, u) }

func (site) ShowToken(w http.ResponseWriter, _ *http.Request, token string, err error) {
	fmt.Fprint(w, token != "", err)
}

// newProcessFleet starts three replicas in processes of their own, one for each framework, with a
// Redis. Requests to shop.example.com are handed on to them; addrs are where they listen.
func newProcessFleet(t *testing.T) (f *fleet, addrs []string) {
	t.Helper()
	f = &fleet{redis: redistest.Start(t)}
	f.World = adaptertest.NewWorld(t, adaptertest.NetHTTP(), adaptertest.Cookies(), func(sim *wxsim.Config, _ *oauth.Config) {
		sim.Users = wxsim.MadeUpUsers(10)
	})
	require.NoError(t, f.Sim.Start())
	t.Cleanup(f.Sim.Close)
	for i, frame := range adaptertest.Frames() {
		addr := f.startProcess(appJob{i, f.redis.Addr, f.Sim.URL, f.Sim.AppID(), f.Sim.Secret()})
		var app http.Handler = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
		r := &replica{frame: frame}
		r.app.Store(&app)
		f.replicas, addrs = append(f.replicas, r), append(addrs, addr)
	}
	f.Net.Serve(adaptertest.Host, f)
	return f, addrs
}

// startProcess starts a replica's process, and returns where it listens.
func (f *fleet) startProcess(j appJob) (addr string) {
	f.Helper()
	text, err := json.Marshal(j)
	require.NoError(f, err)
	cmd := exec.CommandContext(f.Context(), os.Args[0]) // this test binary
	cmd.Env = append(os.Environ(), appEnv+"="+string(text))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	require.NoError(f, err)
	require.NoError(f, cmd.Start())
	f.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if complaints.Len() > 0 {
			f.Errorf("a replica complained:\n%s", complaints.String())
		}
	})
	addr, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		f.Fatalf("a replica did not start: %v", err)
	}
	return strings.TrimSpace(addr)
}

// A raw client speaks to the replicas' processes without a browser's manners.
type rawClient struct {
	t      *testing.T
	client http.Client
}

func newRawClient(t *testing.T) *rawClient {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 400}
	t.Cleanup(transport.CloseIdleConnections)
	return &rawClient{t, http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// get sends a GET and returns the answer with its body read.
func (c *rawClient) get(addr, uri string, header http.Header) (*http.Response, string) {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+addr+uri, nil)
	if err != nil {
		c.t.Error(err)
		return &http.Response{}, ""
	}
	r.Header = header
	res, err := c.client.Do(r)
	if err != nil {
		c.t.Error(err)
		return &http.Response{}, ""
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Error(err)
	}
	return res, string(body)
}

// memory is what a replica's process holds, in bytes.
func (c *rawClient) memory(addr string) int {
	c.t.Helper()
	_, body := c.get(addr, memoryPath, nil)
	n, err := strconv.Atoi(body)
	require.NoError(c.t, err)
	return n
}
