package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// The file that the page about the simulator shows is one that it reads.
func TestTheDocumentsFileWorks(t *testing.T) {
	for _, b := range markdown.Read(t, "docs/simulator.md").Blocks() {
		if !strings.HasPrefix(b.Code, "official_accounts:") {
			continue
		}
		file := filepath.Join(t.TempDir(), "wxsim.yaml")
		require.NoError(t, os.WriteFile(file, []byte(b.Code), 0o600))
		opts, err := parseFlags([]string{"-config", file}, io.Discard, io.Discard)
		if err != nil || len(opts.cfg.Users) != 2 || len(opts.cfg.Limits) == 0 {
			t.Errorf("users %v, limits %v, %v", opts.cfg.Users, opts.cfg.Limits, err)
		}
		return
	}
	t.Error("the page shows no file")
}

// The image, the compose file and the CI services use flags and variables that exist.
func TestTheImageUsesWhatExists(t *testing.T) {
	var help strings.Builder
	_, _ = parseFlags([]string{"-h"}, &help, io.Discard)
	var text strings.Builder
	for _, name := range []string{"cmd/wxsim/Dockerfile", "cmd/wxsim/compose.yaml", "docs/simulator.md", "docs/simulator.zh-CN.md"} {
		for line := range strings.Lines(markdown.Read(t, name).Text) {
			if !strings.Contains(line, "--cacert") && !strings.Contains(line, "keytool") { // flags of others
				text.WriteString(line)
			}
		}
	}
	for _, m := range regexp.MustCompile(`WXSIM_[A-Z_]+`).FindAllString(text.String(), -1) {
		flag := "  -" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(m, "WXSIM_"), "_", "-"))
		if m != "WXSIM_URL" && !strings.Contains(help.String(), flag) {
			t.Errorf("%s is the variable of no flag", m)
		}
	}
	for _, m := range regexp.MustCompile(`wxsim (-[a-z-]+)|"(-[a-z-]+)"`).FindAllStringSubmatch(text.String(), -1) {
		require.Contains(t, help.String(), "  "+m[1]+m[2])
	}
}
