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
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/wxoauth/wxoauth/examples/internal/demo"
)

func main() {
	demo.Run("miniprogram", func(ctx context.Context) error { return run(ctx, os.Getenv) })
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
	return demo.Serve(ctx, ln, b.routes(), func() {}, b.push)
}
