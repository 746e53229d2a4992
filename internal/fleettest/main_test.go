package fleettest_test

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(processEnv); addr != "" {
		callers(addr)
		return
	}
	if job := os.Getenv(appEnv); job != "" {
		serveApp(job)
		return
	}
	flag.Parse()
	// These tests wait for servers much longer than they work.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
