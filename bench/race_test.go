package bench

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// A row is what one contestant cost in a race.
type row struct {
	Name   string
	NS     float64 // per request over the bare handler, the median of the rounds
	Ratio  float64 // of the first contestant's NS in the same round, the median
	Allocs float64 // per request over the bare handler
}

const (
	rounds    = 15
	roundTime = 20 * time.Millisecond
)

// race runs the contestants in interleaved rounds, in a new order each round, so that what else
// the machine does hits all alike. The first contestant is ratio 1.00.
func race(tb testing.TB, base contestant, users int, run runner, contestants ...contestant) []row {
	tb.Helper()
	all := append([]contestant{base}, contestants...)
	requests := make([][]*http.Request, len(all))
	for i, c := range all {
		requests[i] = c.requests(tb, users)
		run(c.handler, requests[i], roundTime) // warm up
	}
	ns := make([][]float64, len(all))
	for range rounds {
		for _, i := range rand.Perm(len(all)) {
			ns[i] = append(ns[i], run(all[i].handler, requests[i], roundTime))
		}
	}
	rows := make([]row, 0, len(contestants))
	baseAllocs := allocs(base.handler, requests[0])
	for i := 1; i < len(all); i++ {
		over, ratio := make([]float64, rounds), make([]float64, rounds)
		for j := range rounds {
			over[j] = ns[i][j] - ns[0][j]
			ratio[j] = over[j] / (ns[1][j] - ns[0][j])
		}
		rows = append(rows, row{all[i].name, median(over), median(ratio), allocs(all[i].handler, requests[i]) - baseAllocs})
	}
	return rows
}

// A runner serves requests in turn for a while and returns nanoseconds per request.
type runner func(h http.Handler, requests []*http.Request, d time.Duration) float64

func sequential(h http.Handler, requests []*http.Request, d time.Duration) float64 {
	w := writer{http.Header{}}
	var r http.Request
	n, began := 0, time.Now()
	for time.Since(began) < d {
		for range 16 {
			serve(h, w, &r, requests[n%len(requests)])
			n++
		}
	}
	return float64(time.Since(began)) / float64(n)
}

func parallel(h http.Handler, requests []*http.Request, d time.Duration) float64 {
	workers := runtime.GOMAXPROCS(0)
	each := make([]float64, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { each[i] = sequential(h, requests, d) })
	}
	wg.Wait()
	sum := 0.0
	for _, ns := range each {
		sum += 1 / ns
	}
	return 1 / sum
}

// overSocket serves through net/http's own server and client on one connection.
func overSocket(h http.Handler, requests []*http.Request, d time.Duration) float64 {
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := srv.Client()
	n, began := 0, time.Now()
	for time.Since(began) < d {
		r, err := http.NewRequest(http.MethodGet, srv.URL+"/me", nil) //nolint:noctx // ends with the server
		must(err)
		r.Header = requests[n%len(requests)].Header
		res, err := client.Do(r)
		must(err)
		if res.StatusCode != http.StatusOK {
			panic(res.Status)
		}
		must(res.Body.Close())
		n++
	}
	return float64(time.Since(began)) / float64(n)
}

// serve copies the request, because gorilla keeps what it read on the request itself.
func serve(h http.Handler, w writer, r, request *http.Request) {
	clear(w.header)
	*r = *request
	h.ServeHTTP(w, r)
}

func allocs(h http.Handler, requests []*http.Request) float64 {
	w := writer{http.Header{}}
	var r http.Request
	i := 0
	return testing.AllocsPerRun(200, func() {
		serve(h, w, &r, requests[i%len(requests)])
		i++
	})
}

type writer struct{ header http.Header }

func (w writer) Header() http.Header       { return w.header }
func (writer) Write(b []byte) (int, error) { return len(b), nil }
func (writer) WriteHeader(status int) {
	if status != http.StatusOK && status != http.StatusFound && status != http.StatusUnauthorized {
		panic(status)
	}
}

func median(values []float64) float64 {
	values = slices.Clone(values)
	slices.Sort(values)
	return values[len(values)/2]
}
