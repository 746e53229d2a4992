package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// healthy returns nil if the simulator at addr answers. It is for containers without a shell.
func healthy(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "0" {
		return fmt.Errorf("wxsim: -health asks the simulator at -addr, and %q is not the "+
			"address of one", addr)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1" // an image without files does not know localhost
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://"+net.JoinHostPort(host, port)+"/wxsim/api/health", http.NoBody)
	if err != nil {
		return fmt.Errorf("wxsim: %w", err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return fmt.Errorf("wxsim: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("wxsim: %s answers %s", addr, resp.Status)
	}
	return nil
}
