package demo

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/wxsim"
)

// simulate starts a WeChat inside this process and points s at it. A website app or a mini
// program of the environment exists there too; without one, the simulator's own mini program
// serves.
func simulate(s *settings) (*wxsim.Server, error) {
	sim := wxsim.New(wxsim.Config{
		Addr:         s.simAddr,
		WebsiteAppID: s.website.appID, WebsiteSecret: string(s.website.secret),
		MiniAppID: s.mini.appID, MiniSecret: string(s.mini.secret),
		Users: wxsim.MadeUpUsers(3),
	})
	if err := sim.Start(); err != nil {
		return nil, listenFault("WXSIM_ADDR", s.simAddr, err)
	}
	s.account = account{sim.AppID(), core.Secret(sim.Secret())}
	s.mini = account{sim.MiniAppID(), core.Secret(sim.MiniSecret())}
	s.simulator, s.apiURL, s.openURL = sim.URL, sim.URL, sim.URL
	return sim, nil
}

// listenFault says what to do when an address cannot be listened on.
func listenFault(name, addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: another program listens on %s; stop it, or set %[1]s to another "+
			"address", name, addr)
	}
	return fmt.Errorf("%s: %w", name, err)
}
