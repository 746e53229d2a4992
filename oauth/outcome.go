package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// An outcome is the final answer to a state. It is kept for a while, because WeChat calls back
// twice and the first answer may be lost on the way.
type outcome struct {
	Cookies []string `json:"cookies,omitempty"` // the session's Set-Cookie lines
	User    []byte   `json:"user,omitempty"`    // a digest of who signed in
	Kind    Kind     `json:"kind,omitempty"`    // why nobody is signed in; empty: somebody is
	err     error    // of the refusal, for the log of the process that was there
}

// failure returns why nobody is signed in, or nil.
func (o *outcome) failure() *Failure {
	switch o.Kind {
	case "":
		return nil
	case KindApp:
		return &Failure{Status: http.StatusInternalServerError, Kind: o.Kind, Err: o.err}
	default:
		return &Failure{Status: http.StatusForbidden, Kind: o.Kind, Err: o.err}
	}
}

// outcomes are the final answers to the states of a while ago, shared by all replicas if the store
// can do that.
type outcomes struct {
	store  sessionstore.Outcomes
	seal   []securecookie.Codec // an outcome holds a session's cookie
	logger *slog.Logger
}

func newOutcomes(cfg Config, store sessions.Store) (o outcomes, err error) {
	o.store = cfg.Outcomes
	if o.store == nil {
		o.store, _ = store.(sessionstore.Outcomes)
	}
	if o.store == nil {
		o.store = sessionstore.NewMemoryOutcomes()
		if cfg.Desk != nil {
			cfg.Logger.Warn("wxoauth: Desk works within one process only: with more replicas set Outcomes, or a Store that has them", "appid", cfg.AppID)
		}
	}
	o.logger = cfg.Logger
	o.seal, err = cfg.codecs("outcome")
	return o, err
}

const (
	workTime    = 8 * time.Second  // one exchange, OnLogin and save
	reserveTime = 10 * time.Second // a process that died with a reservation blocks nobody longer
	waitTime    = 12 * time.Second // for somebody else's work on the same state
	waitPoll    = 50 * time.Millisecond
	outcomeTime = 30 * time.Second // a repeated callback gets the same answer for this long
)

// once works out the answer to a state once, however often and at whichever replica WeChat calls
// back. Whoever comes second waits for the first one's outcome. Work that failed is released, so
// that a reload tries again.
func (o *outcomes) once(ctx context.Context, s state, work func(context.Context) (*outcome, error)) (*outcome, error) {
	sum := sha256.Sum256([]byte(s.text))
	key := hex.EncodeToString(sum[:16])
	waiting, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	for waited := false; ; waited = true {
		mine, err := o.store.Reserve(waiting, key, reserveTime)
		if err != nil {
			return nil, waitFailure(waiting, waited, "write", err)
		}
		if mine {
			return o.first(ctx, key, work)
		}
		sealed, _, err := o.store.Outcome(waiting, key)
		if err != nil {
			return nil, waitFailure(waiting, waited, "read", err)
		}
		if sealed != nil {
			return o.open(key, sealed)
		}
		select {
		case <-time.After(waitPoll):
		case <-waiting.Done():
			return nil, waitFailure(waiting, true, "read", waiting.Err())
		}
	}
}

// waitFailure is of a wait that is over, if the store has answered before; else of a store that is
// away.
func waitFailure(waiting context.Context, waited bool, op string, err error) *Failure {
	end, _ := waiting.Deadline() // the context itself may be told of it a moment later than the store
	if waited && (waiting.Err() != nil || !time.Now().Before(end)) {
		return &Failure{Status: http.StatusGatewayTimeout, Kind: KindUpstream, Err: errors.New("an earlier callback of this login is still running")}
	}
	return storeFailure(op, err)
}

// first works to the end even if the browser hangs up: a phone that drops the connection does not
// lose its login.
func (o *outcomes) first(ctx context.Context, key string, work func(context.Context) (*outcome, error)) (out *outcome, err error) {
	ctx = context.WithoutCancel(ctx)
	defer func() { // also when OnLogin panics
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var sealed []byte
		if out != nil {
			sealed = o.sealed(key, out)
		}
		if err := o.store.SetOutcome(ctx, key, sealed, outcomeTime); err != nil {
			o.logger.WarnContext(ctx, "wxoauth: the outcome of a login cannot be stored", "error", err)
		}
	}()
	working, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	return work(working)
}

// sealed writes an outcome for the store, tied to its state.
func (o *outcomes) sealed(key string, out *outcome) []byte {
	data, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	sealed, err := securecookie.EncodeMulti(key, data, o.seal...)
	if err != nil {
		return nil
	}
	return []byte(sealed)
}

func (o *outcomes) open(key string, sealed []byte) (*outcome, error) {
	var data []byte
	out := &outcome{}
	if err := securecookie.DecodeMulti(key, string(sealed), &data, o.seal...); err != nil {
		return nil, &Failure{Status: http.StatusBadRequest, Kind: KindCode, Err: errors.New("the login's outcome does not open")}
	}
	return out, json.Unmarshal(data, out)
}
