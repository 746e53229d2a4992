package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/examples/internal/demo"
	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/mpauth"
)

const (
	maxJSON = 64 << 10           // bytes
	maxBody = maxPicture + 4<<10 // a picture and the form around it
)

// errRequest is the client's fault.
var errRequest = errors.New("bad request")

// A problem is the body of every answer that is not what the client hoped for. The words are the
// library's own where it has one; clients branch on them.
type problem struct {
	Word   string `json:"error"`
	Detail string `json:"detail,omitempty"` // for the developer
}

// fail answers with what went wrong.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	// The user's data is gone, or the client has called wx.login since: it logs in again.
	if errors.Is(err, errGone) || errors.Is(err, mpauth.ErrSessionKey) {
		mpauth.SessionExpired(w)
		return
	}
	status, p := problemOf(err)
	if status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		slog.ErrorContext(r.Context(), "not served", "path", r.URL.Path, "error", err)
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	demo.WriteJSON(w, status, p)
}

// problemOf finds the status and the word for an error.
func problemOf(err error) (int, problem) {
	is := func(code core.Code) bool { return errors.Is(err, code) }
	switch {
	case is(core.ErrInvalidCode), is(core.ErrCodeUsed), is(core.ErrCodeExpired):
		return http.StatusBadRequest, problem{Word: "invalid_code"}
	case is(core.ErrNoRecentVisit): // WeChat checks nothing for users who left hours ago
		return http.StatusForbidden, problem{Word: "no_recent_visit"}
	case is(core.ErrQuota), is(core.ErrRateLimit):
		return http.StatusTooManyRequests, problem{Word: "limited"}
	case is(core.ErrInvalidAppID), is(core.ErrInvalidSecret), is(core.ErrIPNotAllowed),
		is(core.ErrUnauthorizedAPI):
		return http.StatusInternalServerError, problem{Word: "config"}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, problem{Word: "too_large"}
	}
	_, input := errors.AsType[*mpapi.InputError](err)
	if input || errors.Is(err, errRequest) || errors.Is(err, mpauth.ErrArgument) ||
		errors.Is(err, mpauth.ErrEncryptedData) {
		return http.StatusBadRequest, problem{"bad_request", err.Error()}
	}
	if wire, ok := errors.AsType[*core.WireError](err); ok && wire.Timeout() {
		return http.StatusGatewayTimeout, problem{Word: "upstream"}
	}
	return http.StatusBadGateway, problem{Word: "upstream"}
}

// readJSON reads a body of one JSON object.
func readJSON[T any](r *http.Request) (*T, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxJSON))
	if err != nil {
		return nil, err
	}
	ask := new(T)
	if json.Unmarshal(body, ask) != nil { // its own words might quote the body
		return nil, fmt.Errorf("%w: the body is not the JSON object that is expected", errRequest)
	}
	return ask, nil
}
