package adaptertest

import (
	"crypto/rand"
	"maps"
	"net/http"
	"sync"
	"testing"

	"github.com/gorilla/sessions"
)

// inMemory keeps sessions on a server that is as far away as the request's context lets it be.
func inMemory() Store {
	return Store{Name: "sessions on a server", Open: func(*testing.T) func([][]byte) sessions.Store {
		s := &memoryStore{values: map[string]map[any]any{}}
		return func([][]byte) sessions.Store { return s }
	}}
}

// A memoryStore is a gorilla store of the plainest kind. Like one that goes over a network it
// does nothing more for a request that has ended.
type memoryStore struct {
	mu     sync.Mutex
	values map[string]map[any]any // by session ID
}

func (s *memoryStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

func (s *memoryStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.Options, session.IsNew = &sessions.Options{Path: "/"}, true
	if err := r.Context().Err(); err != nil {
		return session, err
	}
	c, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if values, ok := s.values[c.Value]; ok {
		session.ID, session.Values, session.IsNew = c.Value, maps.Clone(values), false
	}
	return session, nil
}

func (s *memoryStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if err := r.Context().Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if session.Options.MaxAge < 0 {
		delete(s.values, session.ID)
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return nil
	}
	if session.ID == "" {
		session.ID = rand.Text()
	}
	s.values[session.ID] = maps.Clone(session.Values)
	http.SetCookie(w, sessions.NewCookie(session.Name(), session.ID, session.Options))
	return nil
}
