package oauth

import (
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/wxoauth/wxoauth/internal/answers"
)

// Routes returns the handlers that a program needs beside its own, by path: those of LoginPath, of
// "logout" beside it (/wechat/logout, if LoginPath is the default), and of the verify files at the
// root. The adapters' Mount registers them, for all methods.
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

// files returns the contents of the files that WeChat asks for, by path.
func (cfg *Config) files() map[string]string {
	files := map[string]string{}
	for name, content := range cfg.VerifyFiles {
		files["/"+strings.TrimPrefix(name, "/")] = content
	}
	if cfg.VerifyFile != "" {
		files["/"+cfg.VerifyFile] = strings.TrimSuffix(strings.TrimPrefix(cfg.VerifyFile, "MP_verify_"), ".txt")
	}
	return files
}

func writeFile(w http.ResponseWriter, content string) {
	answers.Private(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)      // gin would say 404, having no such route
	_, _ = io.WriteString(w, content) // the browser hung up
}
