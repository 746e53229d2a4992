package wxsim_test

import (
	"io"
	"net/http"
	"net/url"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

// A login is the authorize page, which answers at once, and the exchange of its code, over the
// network as a program does it. It must be good for 1,000 a second on two cores.
func BenchmarkLogin(b *testing.B) {
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	require.NoError(b, sim.Start())
	defer sim.Close()
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	authorize := sim.URL + authorizeURL(sim, "snsapi_userinfo")
	get := func(address string) *http.Response {
		resp, err := client.Get(address)
		if err != nil {
			b.Error(err)
			return nil
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp := get(authorize)
			if resp == nil {
				return
			}
			to, err := url.Parse(resp.Header.Get("Location"))
			if err != nil || to.Query().Get("code") == "" {
				b.Errorf("status %d", resp.StatusCode)
				return
			}
			get(sim.URL + exchangeURL(sim, to.Query().Get("code")))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "logins/s")
}

// BenchmarkMemory tells what a million codes and calls leave behind.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(heapAfter(b, 1_000_000), "MB")
	}
}

// heapAfter logs in n times without a network, and returns the megabytes in use.
func heapAfter(tb testing.TB, n int) float64 {
	tb.Helper()
	sim := wxsim.New(wxsim.Config{AutoAllow: true})
	user := sim.Users()[0].OpenID
	for range n {
		code := sim.NewCode(sim.AppID(), user, "snsapi_userinfo")
		require.Equal(tb, http.StatusOK, get(tb, sim, exchangeURL(sim, code)).Code)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	runtime.KeepAlive(sim)
	return float64(m.HeapAlloc) / (1 << 20)
}
