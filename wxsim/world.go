package wxsim

import (
	"net/http"
	"sync"
	"time"
)

// A world is the part of the simulator that changes. It has no lock of its own: a function that is
// given one was called by [hold], and nobody else has the world meanwhile.
type world struct {
	now time.Time // by the simulator's clock, when the holder took the world

	cfg    Config
	pages  pages
	clock  *clock
	calls  *calls
	faults *faults
	paths  []string // all that WeChat answers, sorted
	start  start

	http *http.Server // nil until Start
	stop func()       // ends the goroutine that pushes; nil until Start
	news chan Event   // what is to be pushed; nil until Start
	url  string       // Server.URL

	apps      []*app           // the first of a kind is the one that Server's methods name
	everybody []*person        // oldest first
	people    map[string]known // by each of their openids
	callbacks CallbackMode
	answer    Decision // without asking; see [Server.Answer]
	answerer  string   // openid; "" is the current user

	codes     *shelf[*code]
	scans     *shelf[*scan]
	access    *shelf[*grant] // by access_token
	refresh   *shelf[*grant] // by refresh_token
	appTokens *shelf[*appToken]

	encrypted      *shelf[time.Time] // telephone numbers, by the hash of encryptedData
	payments       *shelf[paid]      // by transaction_id, and by mch_id and out_trade_no
	media          *shelf[media]     // by media_id
	activities     *shelf[*activity] // by activity_id
	checks         *shelf[int]       // versions of media checks, by trace_id
	permanentLinks int
	qrCodes        *shelf[*qrCode] // by ticket, and by the end of what they hold
	permanentQRs   int

	used map[string]*usage // of Config.Limits, by path
}

func newWorld(cfg Config) *world {
	return &world{
		cfg:        cfg,
		people:     map[string]known{},
		codes:      newShelf[*code](2*codeLife, 1<<17),
		scans:      newShelf[*scan](codeLife, 1<<12),
		access:     newShelf[*grant](refreshLife+tokenLife, 1<<17),
		refresh:    newShelf[*grant](2*refreshLife, 1<<17),
		appTokens:  newShelf[*appToken](7*24*time.Hour, 1<<14),
		encrypted:  newShelf[time.Time](encryptedDataMemory, 1<<14),
		payments:   newShelf[paid](paymentMemory, 1<<14),
		media:      newShelf[media](mediaLife, mediaOnHand),
		activities: newShelf[*activity](2*activityLife, 1<<14),
		checks:     newShelf[int](time.Hour, 1<<14),
		qrCodes:    newShelf[*qrCode](100*365*24*time.Hour, 1<<18),
		used:       map[string]*usage{},
	}
}

// A start is what a world began with, made-up names included.
type start struct {
	cfg   Config
	apps  []App
	users []User
}

// remember makes the present apps, users and settings those that begin goes back to.
func (w *world) remember() {
	w.start = start{cfg: w.cfg}
	for _, a := range w.apps {
		w.start.apps = append(w.start.apps, a.App)
	}
	for _, p := range w.everybody {
		w.start.users = append(w.start.users, p.shown())
	}
}

// begin brings the world back to its start.
func (w *world) begin() {
	fresh := newWorld(w.start.cfg)
	fresh.clock, fresh.calls, fresh.faults, fresh.pages, fresh.paths, fresh.start = w.clock, w.calls, w.faults, w.pages, w.paths, w.start
	fresh.http, fresh.url, fresh.stop, fresh.news = w.http, w.url, w.stop, w.news
	fresh.now = w.now
	for _, a := range w.start.apps {
		fresh.addApp(a)
	}
	for _, u := range w.start.users {
		fresh.addUser(u)
	}
	*w = *fresh
}

// A holder guards the world.
type holder struct {
	mu    sync.Mutex
	world *world
}

// change is [hold] for a function without a result.
func (h *holder) change(f func(*world)) {
	hold(h, func(w *world) any { f(w); return nil })
}

// hold runs f while nobody else has the world. Nothing else takes the mutex, so f must not call
// a method of [Server] that holds the world too.
func hold[T any](h *holder, f func(*world) T) T {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.world.now = h.world.clock.now()
	return f(h.world)
}
