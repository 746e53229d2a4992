package demo

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/wxoauth/wxoauth/jssdk"
)

// PageSignature gives a page of this site what wx.config of the JS-SDK wants: GET ?url=, the
// page's own address. It is what the official account's app token is for here.
func (app *App) PageSignature(w http.ResponseWriter, r *http.Request) {
	page := r.FormValue("url")
	if !strings.HasPrefix(page, app.Web.PublicURL+"/") { // nobody else's pages are signed
		WriteJSON(w, http.StatusBadRequest, map[string]string{"error": "bad_request"})
		return
	}
	config, err := app.pages.Sign(r.Context(), page)
	switch {
	case errors.Is(err, jssdk.ErrPageURL):
		WriteJSON(w, http.StatusBadRequest, map[string]string{"error": "bad_request"})
	case err != nil:
		slog.ErrorContext(r.Context(), "page not signed", "error", err)
		WriteJSON(w, http.StatusBadGateway, map[string]string{"error": "upstream"})
	default:
		WriteJSON(w, http.StatusOK, config)
	}
}

// WriteJSON answers with body as JSON.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client hung up
}
