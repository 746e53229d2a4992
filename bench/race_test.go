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
	NS     float64 // per request over the bare page, the median of the rounds
	Ratio  float64 // of the first contestant's NS in the same round, the median
	Allocs float64 // per request over the bare page
}

const (
	rounds    = 15
	roundTime = 20 * time.Millisecond
)

// race runs the contestants in interleaved rounds, in a new order each round, so that what else
// the machine does hits all alike. The first contestant is ratio 1.00. What the page itself costs, on
// the contestant's framework, is measured in the same round and subtracted.
func race(tb testing.TB, users int, run runner, contestants ...contestant) []row {
	tb.Helper()
	requests := make([][]*http.Request, len(contestants))
	for i, c := range contestants {
		requests[i] = c.requests(tb, users)
		serveAll(c.handler, requests[i]) // warm up: everybody has been here
	}
	ns := make([][]float64, len(contestants))
	for range rounds {
		for _, i := range rand.Perm(len(contestants)) {
			c := contestants[i]
			ns[i] = append(ns[i], run(c.handler, requests[i])-run(c.bare, requests[i]))
		}
	}
	rows := make([]row, len(contestants))
	for i, c := range contestants {
		ratio := make([]float64, rounds)
		for j := range ratio {
			ratio[j] = ns[i][j] / ns[0][j]
		}
		rows[i] = row{c.name, median(ns[i]), median(ratio), allocs(c.handler, requests[i]) - allocs(c.bare, requests[i])}
	}
	return rows
}

// A runner serves requests in turn for a while and returns nanoseconds per request.
type runner func(h http.Handler, requests []*http.Request) float64

func sequential(h http.Handler, requests []*http.Request) float64 {
	w := writer{http.Header{}}
	var r http.Request
	n, began := 0, time.Now()
	for time.Since(began) < roundTime {
		for range 16 {
			serve(h, w, &r, requests[n%len(requests)])
			n++
		}
	}
	return float64(time.Since(began)) / float64(n)
}

func parallel(h http.Handler, requests []*http.Request) float64 {
	workers := runtime.GOMAXPROCS(0)
	each := make([]float64, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { each[i] = sequential(h, requests) })
	}
	wg.Wait()
	sum := 0.0
	for _, ns := range each {
		sum += 1 / ns
	}
	return 1 / sum
}

// serveAll serves each request once.
func serveAll(h http.Handler, requests []*http.Request) {
	w := writer{http.Header{}}
	var r http.Request
	for _, request := range requests {
		serve(h, w, &r, request)
	}
}

// overSocket serves through net/http's own server and client on one connection.
func overSocket(h http.Handler, requests []*http.Request) float64 {
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := srv.Client()
	n, began := 0, time.Now()
	for time.Since(began) < 5*roundTime {
		r, err := http.NewRequest(http.MethodGet, srv.URL+"/me", nil)
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
