package oauth

import (
	"encoding/json"
	"net/http"
	"slices"
)

// redirect writes location as it is: http.Redirect would clean its path.
func redirect(w http.ResponseWriter, status int, location string) {
	setHeaders(w.Header())
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

func writeJSON(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the browser hung up
}

func methodNotAllowed(w http.ResponseWriter, allow string) {
	setHeaders(w.Header())
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}

// setHeaders are those of every answer of ours.
func setHeaders(h http.Header) {
	h.Set("Cache-Control", privateNoStore)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

const privateNoStore = "private, no-store"

// varyCookie says that a page depends on its cookies. values is the memory for it.
func varyCookie(h http.Header, values *[1]string) {
	switch vary := h["Vary"]; {
	case len(vary) == 0:
		values[0] = "Cookie"
		h["Vary"] = values[:]
	case !slices.Contains(vary, "Cookie"):
		h["Vary"] = append(slices.Clip(vary), "Cookie")
	}
}
