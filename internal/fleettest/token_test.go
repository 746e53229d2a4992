package fleettest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/internal/redistest"
	"github.com/wxoauth/wxoauth/internal/webtest"
	"github.com/wxoauth/wxoauth/wxsim"
)

const (
	processEnv = "FLEETTEST_PROCESS" // holds a job in a process that makes calls
	processes  = 4
	callersOf  = 200 // in each
)

// A job says what a process of callers does.
type job struct {
	Redis, API, AppID, Secret string
	Classic                   bool
}

// A report is what callers met.
type report struct {
	Tokens []string // different ones
	Errors []string // different ones
}

// callers is a process: for each line on its input 200 callers get the app token at once, and call
// an API with it. It answers with a report in one line.
func callers(text string) {
	var j job
	check(json.Unmarshal([]byte(text), &j))
	client, _ := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{j.Redis}, ForceSingleClient: true, ConnWriteTimeout: time.Second})
	cfg := core.ClientConfig{
		AppID: j.AppID, Secret: core.Secret(j.Secret), APIURL: j.API,
		Cache: rediscache.New(client, "wx:"), Logger: slog.New(slog.DiscardHandler),
	}
	var err error
	if j.Classic {
		cfg.Tokens, err = core.ClassicTokens(cfg)
		check(err)
	}
	wechat, err := core.NewClient(cfg)
	check(err)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		check(json.NewEncoder(os.Stdout).Encode(callAtOnce(wechat)))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func callAtOnce(wechat *core.Client) report {
	var mu sync.Mutex
	var met report
	webtest.AtOnce(callersOf, func(int) {
		token, _, err := wechat.AccessToken(context.Background())
		if err == nil {
			_, err = core.Call[struct{}](context.Background(), wechat, core.Get(apiPath, url.Values{"type": {"jsapi"}}))
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(met.Tokens, token) {
			met.Tokens = append(met.Tokens, token)
		}
		if err != nil && !slices.Contains(met.Errors, err.Error()) {
			met.Errors = append(met.Errors, err.Error())
		}
	})
	return met
}

const apiPath = "/cgi-bin/ticket/getticket"

// A process of callers.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// A callerFleet is four processes, a Redis and a WeChat.
type callerFleet struct {
	*testing.T

	redis     *redistest.Server
	sim       *wxsim.Server
	tokenPath string // where the app token is fetched
	processes []*process
}

// inCallerFleets runs a test for both ways to get an app token.
func inCallerFleets(t *testing.T, test func(*callerFleet)) {
	t.Helper()
	for name, classic := range map[string]bool{"stable": false, "classic": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &callerFleet{T: t, redis: redistest.Start(t), sim: wxsim.New(wxsim.Config{}), tokenPath: "/cgi-bin/stable_token"}
			if classic {
				f.tokenPath = "/cgi-bin/token"
			}
			require.NoError(t, f.sim.Start())
			t.Cleanup(f.sim.Close)
			for range processes {
				f.start(job{f.redis.Addr, f.sim.URL, f.sim.AppID(), f.sim.Secret(), classic})
			}
			test(f)
		})
	}
}

// start starts a process.
func (f *callerFleet) start(j job) {
	f.Helper()
	text, err := json.Marshal(j)
	require.NoError(f, err)
	p := &process{cmd: exec.CommandContext(f.Context(), os.Args[0])} // this test binary
	p.cmd.Env = append(os.Environ(), processEnv+"="+string(text))
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	require.NoError(f, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(f, err)
	p.in, p.out = in, bufio.NewReader(out)
	require.NoError(f, p.cmd.Start())
	f.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	f.processes = append(f.processes, p)
}

// call lets the callers of a process call, and returns what they met.
func (p *process) call() (met report, err error) {
	if _, err := fmt.Fprintln(p.in); err != nil {
		return met, err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return met, err
	}
	return met, json.Unmarshal(line, &met)
}

// call lets the callers of all processes call at once, and wants them to meet no error and so many
// different tokens. WeChat must have been asked for a token that often in all, and must have
// refused none.
func (f *callerFleet) call(when string, tokens, fetches int) {
	f.Helper()
	var mu sync.Mutex
	var all report
	var running sync.WaitGroup
	for _, p := range f.processes {
		running.Go(func() {
			met, err := p.call()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				met.Errors = append(met.Errors, err.Error())
			}
			all.Tokens, all.Errors = append(all.Tokens, met.Tokens...), append(all.Errors, met.Errors...)
		})
	}
	running.Wait()
	slices.Sort(all.Tokens)
	if n := len(slices.Compact(all.Tokens)); n != tokens || len(all.Errors) > 0 {
		f.Errorf("%s: %d different tokens, want %d; errors %q", when, n, tokens, all.Errors)
	}
	if n := f.sim.Calls(f.tokenPath); n != fetches {
		f.Errorf("%s: %d fetches in all, want %d", when, n, fetches)
	}
	for _, call := range f.sim.Log() {
		if call.Path == apiPath && call.Code != 0 {
			f.Errorf("%s: a token was refused: errcode %d", when, call.Code)
			return
		}
	}
}

// expire makes the token at hand end soon for the processes, and waits until it is dead for WeChat.
func (f *callerFleet) expire() {
	f.Helper()
	f.redis.Eventually("the token ends", func() bool { return f.redis.Do("KEYS", "wx:c:*") == "" })
	f.sim.Advance(3 * time.Hour)
}

// endsSoon makes the next token live for 5 s instead of 2 h.
var endsSoon = wxsim.Field("expires_in", "5")

func TestTokenAtItsExpiry(t *testing.T) {
	t.Parallel()
	inCallerFleets(t, func(f *callerFleet) {
		f.sim.Fail(f.tokenPath, wxsim.Delay(200*time.Millisecond).Then(endsSoon), 1)
		f.sim.Fail(f.tokenPath, wxsim.Delay(200*time.Millisecond))
		f.call("at the start", 1, 1)
		f.expire()
		f.call("after the end", 1, 2)
		f.call("later", 1, 2)
	})
}

// The process that fetches is killed. The others wait for the end of its lease and no longer.
func TestHolderOfTheLeaseDies(t *testing.T) {
	t.Parallel()
	inCallerFleets(t, func(f *callerFleet) {
		f.sim.Fail(f.tokenPath, wxsim.Hang(), 1)
		holder := f.processes[0]
		go holder.call() //nolint:errcheck // it dies
		f.redis.Eventually("one process fetches", func() bool { return f.sim.Calls(f.tokenPath) == 1 })
		require.NoError(f, holder.cmd.Process.Kill())
		f.processes = f.processes[1:]
		began, keys := time.Now(), f.redis.Keys()
		require.Len(f, keys, 1) // the lease
		left, err := strconv.Atoi(f.redis.Do("PTTL", keys[0]))
		require.NoError(f, err)
		require.LessOrEqual(f, left, 10_000)
		f.call("after the holder's death", 1, 2)
		require.Less(f, time.Since(began), 20*time.Second) // of one process, not of two after each other
	})
}

func TestTokensWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*redistest.Server){"killed": (*redistest.Server).Kill, "stopped": (*redistest.Server).Pause} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inCallerFleets(t, func(f *callerFleet) {
				f.sim.Fail(f.tokenPath, endsSoon, 1)
				f.call("with Redis", 1, 1)
				f.expire()
				fault(f.redis)
				tokens := processes
				if f.tokenPath == "/cgi-bin/stable_token" {
					tokens = 1 // WeChat gives everybody the same
				}
				f.call("without Redis", tokens, 1+processes)
			})
		})
	}
}
