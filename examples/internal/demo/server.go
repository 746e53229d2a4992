package demo

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

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/push"
)

// drain is how long requests under way may take once the program was told to stop. It is more
// than the slowest login needs.
const drain = 15 * time.Second

// Main runs an example on a framework. routes wires the app into that.
func Main(framework string, routes func(*App) (http.Handler, error)) {
	Run(framework, func(ctx context.Context) error { return run(ctx, framework, routes) })
}

// Run runs a program until it is told to stop by SIGTERM or Ctrl-C; a second time stops it at once.
func Run(name string, program func(context.Context) error) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := program(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "examples/%s: %v\n", name, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, framework string, routes func(*App) (http.Handler, error)) error {
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	ln, err := listen.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return listenFault("ADDR", s.addr, err)
	}
	defer ln.Close() //nolint:errcheck // closed already, unless something below fails
	if s.simAddr != "" {
		//nolint:contextcheck // it listens until Close: requests that drain still need it
		sim, err := simulate(s)
		if err != nil {
			return err
		}
		defer sim.Close()
	}
	var redis rueidis.Client
	if s.redis != nil {
		if redis, err = connect(ctx, *s.redis); err != nil {
			return err
		}
		defer redis.Close()
	}
	app, err := newApp(framework, s, redis)
	if err != nil {
		return err
	}
	handler, err := routes(app)
	if err != nil {
		return err
	}
	if s.madeUpKeys {
		slog.WarnContext(ctx, "SESSION_KEYS is not set: a made-up key is used, and when this "+
			"program stops everybody is signed out")
	}
	fmt.Print(welcome(app, s.anyBrowser))
	return app.serve(ctx, ln, handler)
}

func (app *App) serve(ctx context.Context, ln net.Listener, handler http.Handler) error {
	return Serve(ctx, ln, handler, func() { close(app.draining) }, app.Push)
}

// Serve answers until ctx ends, and then calls stopping. Requests under way may finish, and after
// them the messages that were answered already: WeChat will not send those again.
func Serve(
	ctx context.Context, ln net.Listener, handler http.Handler, stopping func(),
	messages *push.Handler,
) error {
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // a stream sets its own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	srv.RegisterOnShutdown(stopping)
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
	if messages != nil {
		err = errors.Join(err, messages.Drain(ctx))
	}
	if err != nil {
		return fmt.Errorf("not everything was finished after %v: %w", drain, err)
	}
	return nil
}

// welcome tells what to do next.
func welcome(app *App, anyBrowser bool) string {
	where := "in WeChat"
	switch {
	case anyBrowser:
		where = "in any browser"
	case app.Web.Website != nil, app.Web.Desk != nil:
		where = "in WeChat, or in any browser and scan"
	}
	text := fmt.Sprintf("\n  wxoauth example on %s\n\n  Open    %s   %s\n", app.framework,
		app.Web.PublicURL, where)
	if app.simulator != "" {
		text += fmt.Sprintf("  WeChat  %s   simulated: no account, no phone and no internet "+
			"needed\n", app.simulator)
		if app.Web.Desk != nil {
			text += fmt.Sprintf("  Phone   %s/#phone   simulated: give it the address of the "+
				"link below the code\n", app.simulator)
		}
	}
	return text + "\n  Ctrl-C stops it.\n\n"
}
