package main

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func readClient(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("client/" + name)
	require.NoError(t, err)
	return string(text)
}

func TestTheClientIsComplete(t *testing.T) {
	files := os.DirFS("client")
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if path.Ext(name) == ".json" && !json.Valid([]byte(readClient(t, name))) {
			t.Errorf("%s is no JSON", name)
		}
		return err
	})
	require.NoError(t, err)
	var app struct{ Pages []string }
	if err := json.Unmarshal([]byte(readClient(t, "app.json")), &app); err != nil || len(app.Pages) == 0 {
		t.Fatalf("app.json: %v, %d pages", err, len(app.Pages))
	}
	for _, page := range app.Pages {
		for _, kind := range []string{".js", ".json", ".wxml", ".wxss"} {
			readClient(t, page+kind)
		}
		script := readClient(t, page+".js")
		for _, m := range regexp.MustCompile(`bind[a-z]+="(\w+)"`).FindAllStringSubmatch(readClient(t, page+".wxml"), -1) {
			if !regexp.MustCompile(`(?m)^  (async )?` + m[1] + `\(`).MatchString(script) {
				t.Errorf("%s.wxml binds %s, which %[1]s.js does not have", page, m[1])
			}
		}
	}
}

func TestTheClientKnowsTheServersRoutes(t *testing.T) {
	w := newWorld(t)
	scripts := readClient(t, "app.js") + readClient(t, "pages/index/index.js")
	requests := regexp.MustCompile(`\{ url: '(/[^']+)'(, method: 'POST'|, filePath)?`).FindAllStringSubmatch(scripts, -1)
	require.Len(t, requests, 7)
	for _, m := range requests {
		method := http.MethodGet
		if m[2] != "" {
			method = http.MethodPost
		}
		if got := w.call(method, m[1], w.logIn(w.openID), ""); got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d", method, m[1], got.status)
		}
	}
}

// A mini program holds all its files, so it has a copy.
func TestTheClientsScriptIsTheOneOfMini(t *testing.T) {
	original, err := os.ReadFile("../../mini/wxoauth.js")
	require.NoError(t, err)
	require.Equal(t, string(original), readClient(t, "wxoauth.js"))
}

// The client runs on a phone made of Node, against the server.
func TestTheClientRuns(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	phone := exec.CommandContext(t.Context(), "node", "testdata/phone.mjs")
	phone.Env = append(phone.Environ(), "SERVER="+server.URL, "WXSIM="+w.sim.URL)
	if out, err := phone.CombinedOutput(); err != nil || string(out) != "ok\n" {
		t.Errorf("%v\n%s", err, out)
	}
}
