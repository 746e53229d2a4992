package oauth

import (
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/wxoauth/wxoauth/internal/answers"
)

// Routes returns the handlers of this package by path: that of LoginPath, that of "logout" in the
// same directory (/wechat/logout, if LoginPath is the default), and those of the verify files at
// the root. The Mount functions of the adapters register them, for all methods.
func (a *Auth) Routes() map[string]http.Handler {
	routes := map[string]http.Handler{
		a.cfg.LoginPath: a.LoginHandler(),
		path.Join(path.Dir(a.cfg.LoginPath), "logout"): a.LogoutHandler(),
	}
	for path, content := range a.files {
		routes[path] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				answers.MethodNotAllowed(w, "GET, HEAD")
				return
			}
			writeFile(w, content)
		})
	}
	return routes
}

// files returns the contents of the verify files by path.
func (cfg *Config) files() map[string]string {
	files := map[string]string{}
	for name, content := range cfg.VerifyFiles {
		files["/"+strings.TrimPrefix(name, "/")] = content
	}
	if cfg.VerifyFile != "" {
		content := strings.TrimPrefix(cfg.VerifyFile, "MP_verify_")
		files["/"+cfg.VerifyFile] = strings.TrimSuffix(content, ".txt")
	}
	return files
}

func writeFile(w http.ResponseWriter, content string) {
	answers.Private(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)      // gin sets 404 before, because it has no such route
	_, _ = io.WriteString(w, content) // fails only if the browser has hung up
}
