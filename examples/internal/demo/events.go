package demo

import (
	"fmt"
	"net/http"
	"time"
)

const (
	beat      = time.Second
	writeTime = 10 * time.Second // for one event to a slow phone
)

// Events is a stream that tells the time every second. It ends when the client leaves or the
// server stops; the browser's EventSource then connects again by itself.
func (app *App) Events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	out := http.NewResponseController(w)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		// A deadline for each event: the server's own would end the stream.
		// where it cannot be set, the server's counts.
		_ = out.SetWriteDeadline(time.Now().Add(writeTime))
		fmt.Fprintf(w, "event: time\ndata: %s\n\n", time.Now().Format(time.RFC3339))
		if out.Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-app.draining:
			return
		}
	}
}

// Healthz says that the process answers.
func Healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintln(w, "ok")
}
