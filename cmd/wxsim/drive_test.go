package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// Programs in other languages drive a whole login, a fault, a jump of the clock and a push by the
// control API, against the program as people run it.
func TestOtherLanguagesDriveIt(t *testing.T) {
	for name, command := range map[string][]string{
		"python": {"python3", "testdata/drive.py"},
		"node":   {"node", "testdata/drive.mjs"},
		"curl":   {"bash", "testdata/drive.sh"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil && os.Getenv("WXOAUTH_NO_SKIP") != "1" {
				t.Skip(err)
			}
			pushes := make(chan string, 1)
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				pushes <- string(body)
				_, _ = io.WriteString(w, "success")
			}))
			defer app.Close()
			url, stop := serve(t)
			defer stop()
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Env = append(cmd.Environ(), "WXSIM_URL="+url, "APP_URL="+app.URL)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), name+": ok")
			require.Contains(t, <-pushes, "你好")
		})
	}
}
