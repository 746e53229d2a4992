// Package answers has the headers and forms that all answers of the login engines have in common.
package answers

import (
	"encoding/json"
	"net/http"
)

const (
	// NoStore is the Cache-Control of every answer, and of a page behind the login unless its
	// handler sets another one.
	NoStore = "private, no-store"
	// TypeJSON is the Content-Type of JSON.
	TypeJSON = "application/json; charset=utf-8"
)

// Private sets the headers of every answer: no cache keeps it, its address is sent to no other
// page, and browsers do not guess its type.
func Private(h http.Header) {
	h.Set("Cache-Control", NoStore)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// JSON answers with body as JSON.
func JSON(w http.ResponseWriter, status int, body any) {
	Private(w.Header())
	w.Header().Set("Content-Type", TypeJSON)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only if the client has hung up
}

// MethodNotAllowed answers 405 to a request whose method is not in allow.
func MethodNotAllowed(w http.ResponseWriter, allow string) {
	Private(w.Header())
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusMethodNotAllowed)
}

// HeaderOnly is a ResponseWriter that keeps the header and drops the rest. It collects the cookies
// that a session store sets.
type HeaderOnly http.Header

// Header returns h.
func (h HeaderOnly) Header() http.Header { return http.Header(h) }

// Write drops b.
func (HeaderOnly) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader drops the status.
func (HeaderOnly) WriteHeader(int) {}
