// Command roundrobin stands in for nginx: it passes each request on to the next of several
// replicas, and over those that do not answer.
//
//	go run ./examples/fleet/roundrobin -listen 127.0.0.1:8080 \
//		http://127.0.0.1:9001 http://127.0.0.1:9002
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// drain is how long requests under way may take once the program was told to stop.
const drain = 20 * time.Second

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "where to listen")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(),
			"usage: roundrobin [-listen host:port] http://replica ...")
		flag.PrintDefaults()
	}
	flag.Parse()
	replicas, err := parseReplicas(flag.Args())
	if err != nil {
		fmt.Fprintf(os.Stderr, "roundrobin: %v\n", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = serve(ctx, *listen, newBalancer(replicas))
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "roundrobin: %v\n", err)
		os.Exit(1)
	}
}

func parseReplicas(args []string) (replicas []*url.URL, err error) {
	for _, arg := range args {
		u, err := url.Parse(arg)
		if err != nil || u.Scheme != "http" || u.Host == "" || arg != u.Scheme+"://"+u.Host {
			return nil, fmt.Errorf("%q is not of the form http://host:port", arg)
		}
		replicas = append(replicas, u)
	}
	if len(replicas) == 0 {
		return nil, errors.New("no replica to pass requests to")
	}
	return replicas, nil
}

// serve answers until ctx ends, then lets the requests under way finish.
func serve(ctx context.Context, addr string, handler http.Handler) error {
	srv := &http.Server{
		Addr: addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout: 2 * time.Minute,
		ErrorLog:    slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- srv.ListenAndServe() }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return srv.Shutdown(ctx)
}
