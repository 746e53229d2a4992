package wxsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
)

// apiPath is the prefix of the control API. With it, tests in any language can do what the methods
// of [Server] and the page do. openapi.json describes it.
const apiPath = "/wxsim/api/"

// An apiRoute is one operation. run does not hold the world; the methods of Server that it calls
// do.
type apiRoute struct {
	method, path string // below apiPath
	run          func(*Server, *http.Request) (any, error)
}

// apiRoutes is the table of the control API.
func apiRoutes() []apiRoute {
	return slices.Concat(
		[]apiRoute{
			{http.MethodGet, "health", func(s *Server, r *http.Request) (any, error) {
				return apiHealth{true, origin(r), s.Now()}, nil
			}},
			{http.MethodGet, "openapi.json", func(*Server, *http.Request) (any, error) {
				return openAPI()
			}},
		},
		appRoutes(), userRoutes(), loginRoutes(), worldRoutes(), pushRoutes(), callRoutes(),
	)
}

func openAPI() (json.RawMessage, error) { return pageFiles.ReadFile("pages/openapi.json") }

// An apiError is an error in both languages.
type apiError struct {
	status           int
	chinese, english string
}

func (e *apiError) Error() string { return e.english }

func noUser() error {
	return &apiError{http.StatusNotFound, "没有这个 openid 的用户", "no user has this openid"}
}

// badRequest makes an apiError of an error of this package, whose text is English only.
func badRequest(err error) error {
	return &apiError{http.StatusBadRequest, "请求不对：" + err.Error(), err.Error()}
}

// created is a result with status 201.
type created struct{ body any }

// api serves one route.
func (s *Server) api(route apiRoute) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		result, err := route.run(s, r)
		status := http.StatusOK
		if made, ok := result.(created); ok {
			status, result = http.StatusCreated, made.body
		}
		if err != nil {
			told, ok := errors.AsType[*apiError](err)
			if !ok {
				told, _ = errors.AsType[*apiError](badRequest(err))
			}
			writeError(w, told.status, newPage(r).T(told.chinese, told.english))
			return
		}
		if result == nil {
			status = http.StatusNoContent
		}
		writeJSON(w, status, result)
	}
}

type apiProblem struct {
	Error string `json:"error"`
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, apiProblem{text})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // a client that left is no concern
}

// withBody makes a route's function of one that takes the JSON of the body. An unknown field is an
// error that names it. An empty body is the zero value.
func withBody[T any](
	run func(*Server, *http.Request, T) (any, error),
) func(*Server, *http.Request) (any, error) {
	return func(s *Server, r *http.Request) (any, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		var ask T
		if len(bytes.TrimSpace(body)) > 0 {
			decoder := json.NewDecoder(bytes.NewReader(body))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&ask); err != nil {
				return nil, badRequest(err)
			}
		}
		return run(s, r, ask)
	}
}

// allowOrigins lets pages of the listed origins use the control API from a browser.
func allowOrigins(origins []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := r.Header.Get("Origin")
		if slices.Contains(origins, from) {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", from)
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
			h.Set("Access-Control-Allow-Headers", "Content-Type, Accept-Language")
			h.Add("Vary", "Origin")
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
