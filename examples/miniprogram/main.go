// Command miniprogram is the server of a mini program, on net/http: login, telephone number,
// decryption of user data, checks of texts and pictures, and the messages that WeChat pushes.
//
//	go run ./examples/miniprogram
//
// Without an account it starts a simulated WeChat and says what to try. The mini program itself
// is in client.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// drain is how long requests and messages in hand may take once the program was told to stop.
const drain = 15 * time.Second

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second time ends the program at once
	if err := run(ctx, os.Getenv); err != nil {
		fmt.Fprintf(os.Stderr, "examples/miniprogram: %v\n", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, getenv func(string) string) error {
	s, err := readSettings(getenv)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	ln, err := listen.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	defer ln.Close() //nolint:errcheck // closed already, unless something below fails
	if s.publicURL == "" {
		s.publicURL = "http://" + ln.Addr().String()
	}
	var sim *simulator
	if s.simulated() {
		//nolint:contextcheck // it listens until close: requests that drain still need it
		if sim, err = simulate(s); err != nil {
			return err
		}
		defer sim.close()
	}
	b, err := newBackend(s)
	if err != nil {
		return err
	}
	if sim != nil {
		b.onPicture = sim.judge
	}
	if s.madeUpKeys {
		slog.WarnContext(ctx, "SESSION_KEYS is not set: a made-up key is used, and when this "+
			"program stops everybody is signed out")
	}
	if b.push == nil {
		slog.WarnContext(ctx, "PUSH_TOKEN and PUSH_AES_KEY are not set: WeChat's messages are "+
			"not received, and no pictures checked")
	}
	fmt.Print(welcome(s, sim))
	return serve(ctx, ln, b)
}

// serve answers until ctx ends. Then requests under way may finish, and after them the messages
// that were answered already: WeChat will not send those again.
func serve(ctx context.Context, ln net.Listener, b *backend) error {
	srv := &http.Server{
		Handler:           b.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Serve(ln) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	slog.InfoContext(ctx, "stopping: requests under way may finish", "at_most", drain)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := srv.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, srv.Close())
	}
	if b.push != nil {
		err = errors.Join(err, b.push.Drain(ctx))
	}
	if err != nil {
		return fmt.Errorf("not everything was finished after %v: %w", drain, err)
	}
	return nil
}
