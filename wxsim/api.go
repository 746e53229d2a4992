package wxsim

import (
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
	pattern string // method and path below apiPath, such as "GET users"
	run     func(*http.Request) (any, error)
}

// apiRoutes is the table of the control API.
func apiRoutes(s *Server) []apiRoute {
	return slices.Concat(
		[]apiRoute{
			{"GET health", func(r *http.Request) (any, error) {
				return apiHealth{true, origin(r), s.Now()}, nil
			}},
			{"GET openapi.json", func(*http.Request) (any, error) {
				description, err := pageFiles.ReadFile("pages/openapi.json")
				return json.RawMessage(description), err
			}},
			{"GET calls", func(r *http.Request) (any, error) { return seenCalls(s, r) }},
		},
		appRoutes(s), userRoutes(s), loginRoutes(s), worldRoutes(s), pushRoutes(s),
	)
}

// An apiError is an error in both languages.
type apiError struct {
	status           int
	chinese, english string
}

func (e *apiError) Error() string { return e.english }

func noUser() error {
	return &apiError{http.StatusNotFound, "没有这个 openid 的用户", "no user has this openid"}
}

func badRequest(chinese, english string) error {
	return &apiError{http.StatusBadRequest, chinese, english}
}

// created is a result with status 201.
type created struct{ body any }

// serve answers a request. An error of this package that is no apiError is in English only.
func (route apiRoute) serve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	result, err := route.run(r)
	if err != nil {
		told, ok := errors.AsType[*apiError](err)
		if !ok {
			told = &apiError{http.StatusBadRequest, "请求不对：" + err.Error(), err.Error()}
		}
		writeError(w, told.status, newPage(r).T(told.chinese, told.english))
		return
	}
	made, isNew := result.(created)
	switch {
	case isNew:
		writeJSON(w, http.StatusCreated, made.body)
	case result == nil:
		writeJSON(w, http.StatusNoContent, nil)
	default:
		writeJSON(w, http.StatusOK, result)
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
func withBody[T any](run func(*http.Request, T) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		var ask T
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&ask); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return run(r, ask)
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
