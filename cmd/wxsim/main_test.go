package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestItServesUntilItIsToldToStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	done := make(chan error)
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0", "-appid", "wxfixed", "-users", "4"}, in, io.Discard)
		_ = in.Close()
		done <- err
	}()
	printed := make([]byte, 4096)
	n, err := out.Read(printed)
	require.NoError(t, err)
	printed = printed[:n]
	m := regexp.MustCompile(`WECHAT_OPEN_URL=(http://127\.0\.0\.1:\d+)\nWECHAT_APPID=wxfixed\nWECHAT_SECRET=\w{32}\n`).FindSubmatch(printed)
	require.NotNil(t, m, printed)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(string(m[1]) + "/")
	require.NoError(t, err)
	page, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || bytes.Count(page, []byte(`src="/wxsim/avatar/`)) != 4 {
		t.Errorf("status %s, %v; want a page with 4 users", resp.Status, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("run = %v after it was told to stop", err)
	}
}

func TestATakenAddressIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	err = run(t.Context(), []string{"-addr", taken.Addr().String()}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("run = %v; want an error that names the address and the flag", err)
	}
	require.Error(t, run(t.Context(), []string{"-addr", "nonsense"}, io.Discard, io.Discard), "it listens on nonsense")
}

func TestFlags(t *testing.T) {
	opts, err := parseFlags([]string{"-domains", "a.example,b.example", "-limits", "-auto", "-lax", "-rotate", "-v"}, io.Discard, io.Discard)
	cfg := opts.cfg
	if err != nil || len(cfg.RedirectDomains) != 2 || len(cfg.Limits) == 0 || !cfg.AutoAllow || !cfg.Lax || !cfg.RotateRefreshTokens || cfg.Logger == nil || len(cfg.Users) != 3 {
		t.Errorf("config %+v, %v", cfg, err)
	}
	for _, args := range [][]string{{"-users", "0"}, {"-users", "x"}, {"-nothing"}, {"argument"}} {
		if _, err := parseFlags(args, io.Discard, io.Discard); err == nil || !strings.HasPrefix(err.Error(), "wxsim: ") {
			t.Errorf("%q: %v; want an error that says who speaks", args, err)
		}
	}
	var help strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &help, io.Discard), flag.ErrHelp)
	for _, want := range []string{usage, "-addr host:port", `(default "127.0.0.1:8081")`} {
		require.Contains(t, help.String(), want)
	}
}
