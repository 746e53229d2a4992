package wxsim

import (
	"net/http"
	"sync"
	"time"
)

// A world is the part of the simulator that changes. It has no lock: a function gets it from
// [hold], and no other function has it at the same time.
type world struct {
	now time.Time // by the simulator's clock, when hold was called

	cfg    Config
	pages  pages
	clock  *clock
	calls  *calls
	faults *faults
	paths  []string // of all APIs and pages, sorted
	start  start

	http *http.Server // nil until Start
	stop func()       // ends the goroutine of pushNews; nil until Start
	news chan Event   // events to push; nil until Start
	url  string       // Server.URL

	apps      []*app           // the first of each kind is that of Server's methods
	everybody []*person        // oldest first
	people    map[string]known // by each of their openids
	callbacks CallbackMode
	answer    Decision // made without asking; see [Server.Answer]
	answerer  string   // openid; "" is the current user

	codes     *shelf[*code]
	scans     *shelf[*scan]
	access    *shelf[*grant] // by access_token
	refresh   *shelf[*grant] // by refresh_token
	appTokens *shelf[*appToken]

	// When telephone numbers were encrypted, by the hash of encryptedData.
	encrypted      *shelf[time.Time]
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

// A start is the first state of a world, including the made-up apps and users.
type start struct {
	cfg   Config
	apps  []App
	users []User
}

// remember stores the present apps, users and settings for begin.
func (w *world) remember() {
	w.start = start{w.cfg, w.shownApps(), w.users()}
}

// begin sets the world back to its start.
func (w *world) begin() {
	fresh := newWorld(w.start.cfg)
	fresh.clock, fresh.calls, fresh.faults, fresh.pages, fresh.paths, fresh.start = w.clock,
		w.calls, w.faults, w.pages, w.paths, w.start
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

// A holder has the world and its mutex.
type holder struct {
	mu    sync.Mutex
	world *world
}

// change is like [hold], for a function without a result.
func (h *holder) change(f func(*world)) {
	hold(h, func(w *world) any { f(w); return nil })
}

// try is like [hold], for a function that may fail.
func try[T any](h *holder, f func(*world) (T, error)) (result T, err error) {
	h.change(func(w *world) { result, err = f(w) })
	return result, err
}

// hold runs f with the world, while no other function has it. f must not call a method of [Server]
// that calls hold, too: that would wait for ever.
func hold[T any](h *holder, f func(*world) T) T {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.world.now = h.world.clock.now()
	return f(h.world)
}
