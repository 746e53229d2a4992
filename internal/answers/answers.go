// Package answers holds what the answers of our handlers have in common.
package answers

import (
	"encoding/json"
	"net/http"
)

const (
	// NoStore is the Cache-Control of every answer, and of a guarded page that sets no other.
	NoStore = "private, no-store"
	// TypeJSON is the Content-Type of JSON.
	TypeJSON = "application/json; charset=utf-8"
)

// Private sets the headers of every answer: no cache keeps it, no Referer tells where it was read,
// and no browser guesses what it is.
func Private(h http.Header) {
	h.Set("Cache-Control", NoStore)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// JSON answers with body.
func JSON(w http.ResponseWriter, status int, body any) {
	Private(w.Header())
	w.Header().Set("Content-Type", TypeJSON)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked hung up
}

// MethodNotAllowed answers a request of another method than those in allow.
func MethodNotAllowed(w http.ResponseWriter, allow string) {
	Private(w.Header())
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}
