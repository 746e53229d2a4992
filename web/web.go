// Package web holds the script for pages behind the login, and serves it. The adapters do so as
// auth.Script(); pages import it:
//
//	<script type="module">import { api } from '/wxoauth.js'</script>
//
// Projects with a bundler copy the file wxoauth.js of this folder instead.
package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed wxoauth.js
var script []byte

// Script serves wxoauth.js to GET and HEAD. Browsers keep it, and ask with its ETag whether there
// is a newer one.
func Script() http.Handler {
	sum := sha256.Sum256(script)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, no-cache")
		h.Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
	})
}
