// Command wxsim runs the WeChat simulator of package wxsim. Its page at / shows the credentials
// and the calls as they come in. wxsim -h lists the flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/wxoauth/wxoauth/wxsim"
)

// drain is how long requests may take after the program was told to stop.
const drain = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// usage is the text of -h above the flags.
const usage = `wxsim simulates WeChat on this machine: it logs people in and answers apps.
Start it, open the address that it prints, and point your program there.

	go run github.com/wxoauth/wxoauth/cmd/wxsim -addr 127.0.0.1:8081

All appids and secrets that neither a flag nor the file of -config names are made up, and other ones
at the next start unless -state keeps them. Each flag may be set by a variable instead, such as
WXSIM_ADDR or WXSIM_WEBSITE_APPID; a flag wins over its variable, and both over the file.

`

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseFlags(args, stdout, stderr)
	if err != nil {
		return err
	}
	if opts.health {
		return healthy(ctx, opts.cfg.Addr)
	}
	if opts.tls {
		cleanUp, err := opts.listenTLS(ctx)
		if err != nil {
			return err
		}
		defer cleanUp()
	}
	cfg := opts.cfg
	sim := wxsim.New(cfg) //nolint:contextcheck // its handlers use the context of each request
	for _, f := range opts.faults {
		if err := sim.FailWith(f); err != nil {
			return fmt.Errorf("wxsim: %w", err)
		}
	}
	saver, err := opts.restore(sim)
	if err != nil {
		return err
	}
	//nolint:contextcheck // it listens until Shutdown, not until ctx ends
	if err := sim.Start(); err != nil {
		return taken(err, cfg.Addr)
	}
	defer sim.Close()
	fmt.Fprintf(stdout, `A WeChat runs at %s - open it in a browser. Ctrl-C stops it.
Point your program there:

WECHAT_API_URL=%[1]s
WECHAT_OPEN_URL=%[1]s
WECHAT_APPID=%[2]s
WECHAT_SECRET=%[3]s
WECHAT_WEBSITE_APPID=%[4]s
WECHAT_WEBSITE_SECRET=%[5]s
WECHAT_MINI_APPID=%[6]s
WECHAT_MINI_SECRET=%[7]s
`, sim.URL, sim.AppID(), sim.Secret(), sim.WebsiteAppID(), sim.WebsiteSecret(), sim.MiniAppID(),
		sim.MiniSecret())
	if opts.tls {
		fmt.Fprint(stdout, trust(filepath.Join(opts.tlsDir, caFile),
			strings.TrimPrefix(sim.URL, "http://")))
	}

	saver.until(ctx.Done())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := sim.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("wxsim: %w", err)
	}
	return saver.save()
}

// taken adds to err what to do if another program has the address.
func taken(err error, addr string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("wxsim: %s is taken by another program; choose another address "+
			"with -addr", addr)
	}
	return err
}

// options are the settings of the program.
type options struct {
	cfg    wxsim.Config
	tls    bool
	tlsDir string
	health bool
	state  string // file
	faults []wxsim.FaultSpec

	config               string // file
	users                int
	domains, cors, hosts string // comma-separated
	limits, verbose      bool
}

// define adds the flags.
func (o *options) define(flags *flag.FlagSet) {
	cfg := &o.cfg
	flags.StringVar(&cfg.Addr, "addr", "127.0.0.1:8081",
		"`host:port` to listen on; with 0.0.0.0:8081 a phone in the same network can open it")
	flags.StringVar(&cfg.AppID, "appid", "", "the official account's `id`, for login in WeChat")
	flags.StringVar(&cfg.Secret, "secret", "", "the official account's `appsecret`")
	flags.StringVar(&cfg.WebsiteAppID, "website-appid", "", "the website app's `id`, for QR login")
	flags.StringVar(&cfg.WebsiteSecret, "website-secret", "", "the website app's `appsecret`")
	flags.StringVar(&cfg.MiniAppID, "mini-appid", "", "the mini program's `id`")
	flags.StringVar(&cfg.MiniSecret, "mini-secret", "", "the mini program's `appsecret`")
	flags.IntVar(&o.users, "users", 3, "how many `people` have an account at the start, 1 to 1000")
	flags.StringVar(&o.domains, "domains", "",
		"comma-separated host `names` that a redirect_uri may have (default any)")
	flags.BoolVar(&o.limits, "limits", false,
		"refuse calls beyond the limits that WeChat documents")
	flags.BoolVar(&o.tls, "tls", false,
		"speak https too, with a certificate for WeChat's hosts, and be a proxy for them; tells "+
			"what to trust")
	flags.StringVar(&o.tlsDir, "tls-dir", "",
		"`folder` that keeps the certificate of -tls (default a temporary one, for this run only)")
	flags.BoolVar(&o.health, "health", false,
		"ask the simulator at -addr whether it serves, and exit with 0 if it does")
	flags.BoolVar(&o.verbose, "v", false, "log every call on stderr: path, status and errcode")
	for _, s := range wxsim.Switches() {
		flags.BoolVar(s.In(cfg), s.Name, false, s.English)
	}
	flags.StringVar(&o.config, "config", "", "YAML `file` with accounts, users, limits, switches "+
		"and faults")
	flags.StringVar(&o.state, "state", "",
		"`file` that keeps accounts, users and tokens over a restart")
	flags.StringVar(&o.cors, "cors", "", "comma-separated `origins`, such as "+
		"http://localhost:5173, whose pages may use the control API")
	flags.StringVar(&o.hosts, "hosts", "", "comma-separated `names` at which it is reached, "+
		"beside addresses, localhost and names without a dot")
}

func parseFlags(args []string, stdout, stderr io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet("wxsim", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	opts.define(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return opts, err
	case err != nil:
		return opts, fmt.Errorf("wxsim: %w; -h lists the flags", err)
	}
	if flags.NArg() > 0 {
		return opts, fmt.Errorf("wxsim: unexpected argument %q; -h lists the flags", flags.Arg(0))
	}
	given, err := fromEnvironment(flags)
	if err != nil {
		return opts, err
	}
	if opts.users < 1 || opts.users > 1000 {
		return opts, errors.New("wxsim: -users must be between 1 and 1000")
	}
	if opts.config != "" {
		if err := opts.read(opts.config, given); err != nil {
			return opts, err
		}
	}
	cfg := &opts.cfg
	if given["users"] || len(cfg.Users) == 0 {
		cfg.Users = wxsim.MadeUpUsers(opts.users)
	}
	split := func(text string, list *[]string) {
		if text != "" {
			*list = strings.Split(text, ",")
		}
	}
	split(opts.domains, &cfg.RedirectDomains)
	split(opts.cors, &cfg.CORSOrigins)
	split(opts.hosts, &cfg.Hosts)
	if opts.limits {
		cfg.Limits = wxsim.DocumentedLimits()
	}
	if err := cfg.Check(); err != nil {
		return opts, fmt.Errorf("wxsim: %w", err)
	}
	if opts.verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(stderr,
			&slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return opts, nil
}

// fromEnvironment sets the flags that were not given from their variables, and returns the names
// of all flags that are set then.
func fromEnvironment(flags *flag.FlagSet) (given map[string]bool, err error) {
	given = map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	flags.VisitAll(func(f *flag.Flag) {
		name := "WXSIM_" + strings.ReplaceAll(strings.ToUpper(f.Name), "-", "_")
		value, ok := os.LookupEnv(name)
		if !ok || given[f.Name] || err != nil {
			return
		}
		if problem := flags.Set(f.Name, value); problem != nil {
			err = fmt.Errorf("wxsim: %s: %w", name, problem)
		}
		given[f.Name] = true
	})
	return given, err
}
