package demo

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
)

const maxHandover = 4 << 10 // bytes of a request

// A HandoverURL is that of an adapter's Auth.
type HandoverURL func(ctx context.Context, u *core.User, page string) (string, error)

// Handover tells a mini program which address to open in a web-view, so that its user is signed in
// there, too: POST {"page":"/me"} → {"url":"…"}.
func Handover(handoverURL HandoverURL) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var want struct {
			Page string `json:"page"`
		}
		user, _ := core.UserFrom(r.Context())
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxHandover)).Decode(&want)
		var address string
		if err == nil {
			address, err = handoverURL(r.Context(), user, want.Page)
		}
		if err != nil {
			http.Error(w, "want {\"page\":\"/path of this site\"}", http.StatusBadRequest)
			return
		}
		WriteJSON(w, http.StatusOK, map[string]string{"url": address})
	}
}
