package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A simulator is a WeChat inside this process. It pushes to the backend what the real one would.
type simulator struct {
	*wxsim.Server

	console wxsim.PushConfig // what WeChat's console would hold
	target  string           // where it pushes to
	pushes  sync.WaitGroup
}

// simulate starts a WeChat and points s at it.
func simulate(s *settings) (*simulator, error) {
	sim := &simulator{
		Server: wxsim.New(wxsim.Config{Addr: s.simAddr, Users: wxsim.MadeUpUsers(3)}),
		console: wxsim.PushConfig{
			Token: rand.Text(), EncodingAESKey: (rand.Text() + rand.Text())[:43],
		},
		target: s.publicURL + "/push",
	}
	if err := sim.Start(); err != nil {
		return nil, fmt.Errorf("WXSIM_ADDR: %w", err)
	}
	s.appID, s.secret, s.apiURL = sim.MiniAppID(), core.Secret(sim.MiniSecret()), sim.URL
	s.pushToken, s.pushAESKey = sim.console.Token, sim.console.EncodingAESKey
	return sim, nil
}

func (sim *simulator) close() {
	sim.pushes.Wait()
	sim.Close()
}

// judge is what WeChat does with a picture after a while: it pushes a verdict. For want of eyes it
// goes by the file's name.
func (sim *simulator) judge(ctx context.Context, openID, traceID, fileName string) {
	suggest := "pass"
	if strings.Contains(fileName, "risky") {
		suggest = "risky"
	}
	ctx = context.WithoutCancel(ctx) // the upload is answered meanwhile
	sim.pushes.Go(func() {
		res, err := sim.Push(ctx, sim.target, sim.console,
			sim.MediaCheckEvent(wxsim.PushJSON, openID, traceID, suggest))
		if err != nil {
			slog.WarnContext(ctx, "the simulator cannot push", "error", err)
			return
		}
		if res.Body.Close(); res.StatusCode != http.StatusOK {
			slog.WarnContext(ctx, "the simulator's push was refused", "status", res.StatusCode)
		}
	})
}
