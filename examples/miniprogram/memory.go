package main

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2"
)

// How much is remembered. What was used least goes first.
const (
	maxUsers    = 10_000
	maxChecks   = 1_000
	maxPictures = 50 // of at most 1 MB each
)

// A memory is what an app has a database and a file storage for: here it ends with the process,
// and has bounds.
type memory struct {
	mu     sync.Mutex                // held while a user or a check is changed
	users  *lru.Cache[string, user]  // by openid
	checks *lru.Cache[string, check] // by trace ID
	files  *lru.Cache[string, file]  // by a random name
}

// A user is somebody who has logged in.
type user struct {
	OpenID    string `json:"openid"`
	Phone     string `json:"phone,omitempty"`
	Nickname  string `json:"nickname,omitempty"`
	AvatarURL string `json:"avatar_url,omitempty"`
}

// A status is how far the check of a picture has come.
type status string

const (
	statusPending status = "pending"
	statusPass    status = "pass"
	statusReview  status = "review" // a person should look
	statusRisky   status = "risky"
	statusFailed  status = "failed" // WeChat could not get at the picture
)

// A check is one that WeChat was asked for.
type check struct {
	traceID string
	owner   string // openid; empty while only the verdict is known
	picture string
	status  status
}

// A file is a picture.
type file struct {
	owner string // openid
	kind  string // image/png …
	data  []byte
}

func newMemory() *memory {
	return &memory{
		users: cache[user](maxUsers), checks: cache[check](maxChecks),
		files: cache[file](maxPictures),
	}
}

func cache[V any](size int) *lru.Cache[string, V] {
	c, _ := lru.New[string, V](size) // fails only if size is below 1
	return c
}

// signIn makes a user, unless there is one.
func (m *memory) signIn(openID string) { m.users.ContainsOrAdd(openID, user{OpenID: openID}) }

// errGone is about a user who was forgotten, or never logged in.
var errGone = errors.New("no such user")

func (m *memory) user(openID string) (user, error) {
	return m.change(openID, func(*user) {})
}

// change changes a user and returns the changed one.
func (m *memory) change(openID string, change func(*user)) (user, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, ok := m.users.Get(openID)
	if !ok {
		return user{}, errGone
	}
	change(&u)
	m.users.Add(openID, u)
	return u, nil
}

// forget deletes all that belongs to a user.
func (m *memory) forget(openID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users.Remove(openID)
	for _, traceID := range m.checks.Keys() {
		if c, _ := m.checks.Peek(traceID); c.owner == openID {
			m.checks.Remove(traceID)
		}
	}
	for _, id := range m.files.Keys() {
		if p, _ := m.files.Peek(id); p.owner == openID {
			m.files.Remove(id)
		}
	}
}

// keepPicture returns a name that cannot be guessed.
func (m *memory) keepPicture(owner, kind string, data []byte) (id string) {
	id = rand.Text()
	m.files.Add(id, file{owner, kind, data})
	return id
}

func (m *memory) picture(id string) (file, bool) { return m.files.Get(id) }

func (m *memory) dropPicture(id string) { m.files.Remove(id) }

// begin notes a check that WeChat was asked for. Its verdict may have come already.
func (m *memory) begin(traceID, owner, picture string) check {
	return m.note(traceID, func(c *check) { c.owner, c.picture = owner, picture })
}

// settle notes a verdict. Its check may not be noted yet: WeChat can be quicker than its own
// answer to us.
func (m *memory) settle(traceID string, verdict status) {
	m.note(traceID, func(c *check) { c.status = verdict })
}

func (m *memory) note(traceID string, change func(*check)) check {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.checks.Get(traceID)
	if !ok {
		c = check{traceID: traceID, status: statusPending}
	}
	change(&c)
	m.checks.Add(traceID, c)
	if c.status == statusRisky {
		m.files.Remove(c.picture)
	}
	return c
}

// checksOf are a user's checks, the latest first.
func (m *memory) checksOf(owner string) (checks []check) {
	for _, traceID := range slices.Backward(m.checks.Keys()) {
		if c, _ := m.checks.Peek(traceID); c.owner == owner {
			checks = append(checks, c)
		}
	}
	return checks
}
