// Command wxsim runs the WeChat simulator of package wxsim by itself. Its page at / tells the
// credentials and shows what is being asked of it.
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
	"strings"
	"syscall"
	"time"

	"github.com/wxoauth/wxoauth/wxsim"
)

// drain is how long requests under way may take once the program was told to stop.
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

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	sim := wxsim.New(cfg)
	if err := sim.Start(); err != nil { //nolint:contextcheck // it listens until Shutdown, not until ctx ends
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("wxsim: %s is taken by another program; choose another address with -addr", cfg.Addr)
		}
		return err
	}
	defer sim.Close()
	fmt.Fprintf(stdout, `A WeChat runs at %s - open it in a browser.

WECHAT_API_URL=%[1]s
WECHAT_OPEN_URL=%[1]s
WECHAT_APPID=%[2]s
WECHAT_SECRET=%[3]s
WECHAT_WEBSITE_APPID=%[4]s
WECHAT_WEBSITE_SECRET=%[5]s
WECHAT_MINI_APPID=%[6]s
WECHAT_MINI_SECRET=%[7]s
`, sim.URL, sim.AppID(), sim.Secret(), sim.WebsiteAppID(), sim.WebsiteSecret(), sim.MiniAppID(), sim.MiniSecret())

	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := sim.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("wxsim: %w", err)
	}
	return nil
}

func parseFlags(args []string, stderr io.Writer) (wxsim.Config, error) {
	var cfg wxsim.Config
	flags := flag.NewFlagSet("wxsim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.Addr, "addr", "127.0.0.1:8081", "where to listen; other machines reach 0.0.0.0:8081")
	flags.StringVar(&cfg.AppID, "appid", "", "appid of the official account (made up if empty)")
	flags.StringVar(&cfg.Secret, "secret", "", "its appsecret")
	flags.StringVar(&cfg.WebsiteAppID, "website-appid", "", "appid of the website app, for QR login")
	flags.StringVar(&cfg.WebsiteSecret, "website-secret", "", "its appsecret")
	flags.StringVar(&cfg.MiniAppID, "mini-appid", "", "appid of the mini program")
	flags.StringVar(&cfg.MiniSecret, "mini-secret", "", "its appsecret")
	users := flags.Int("users", 3, "how many users there are")
	domains := flags.String("domains", "", "comma list of host names that redirect_uri may have (any if empty)")
	limits := flags.Bool("limits", false, "refuse calls beyond the limits that WeChat documents")
	verbose := flags.Bool("v", false, "log every call")
	flags.BoolVar(&cfg.AutoAllow, "auto", false, "allow every login without asking")
	flags.BoolVar(&cfg.Lax, "lax", false, "take the authorize page's parameters in any order")
	flags.BoolVar(&cfg.RotateRefreshTokens, "rotate", false, "give a new refresh_token at each refresh")
	if err := flags.Parse(args); err != nil {
		return cfg, err
	}
	if flags.NArg() > 0 {
		return cfg, fmt.Errorf("wxsim: unexpected argument %q", flags.Arg(0))
	}
	if *users < 1 || *users > 1000 {
		return cfg, errors.New("wxsim: -users must be between 1 and 1000")
	}
	cfg.Users = wxsim.MadeUpUsers(*users)
	if *domains != "" {
		cfg.RedirectDomains = strings.Split(*domains, ",")
	}
	if *limits {
		cfg.Limits = wxsim.DocumentedLimits()
	}
	if *verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return cfg, nil
}
