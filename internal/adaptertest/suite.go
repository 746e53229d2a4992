package adaptertest

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A Case is one line of the table.
type Case struct {
	Name    string              // what must happen, in words
	OneLine bool                // deploys the frame's OneLine program; default is Routes
	Config  func(*oauth.Config) // changes the app's configuration; nil: nothing
	Sim     func(*wxsim.Config) // changes WeChat; nil: nothing
	Test    func(t *World)      // drives browsers and looks; runs in a bubble of its own
}

// Groups is the table.
func Groups() []Group {
	return []Group{
		loginCases(),
		callbackCases(),
		doubleCases(),
		lossCases(),
		tabCases(),
		replicaCases(),
		shapeCases(),
		streamCases(),
		addressCases(),
		scopeCases(),
		askCases(),
		freshCases(),
		handoverCases(),
		failureCases(),
		refreshCases(),
		pageCases(),
		hookCases(),
		logoutCases(),
		cookieCases(),
		deskCases(),
		configCases(),
		secretCases(),
		mountCases(),
		prefixCases(),
		uploadCases(),
		miniCases(),
	}
}

// A Group of cases.
type Group struct {
	Name  string
	Cases []Case
}

// Run takes one adapter and one store through the table.
func Run(t *testing.T, frame Frame, store Store) {
	t.Helper()
	for _, g := range Groups() {
		t.Run(g.Name, func(t *testing.T) { g.Run(t, frame, store) })
	}
	t.Run("Sockets", func(t *testing.T) { runOnSockets(t, frame, store) })
}

// RunGroups takes one adapter and one store through the groups of these names, for programs that
// are more than an adapter and stores that need not do all. "Login", "Callback", "Requests",
// "Streams" and "Logout" are what every way to use the library must pass.
func RunGroups(t *testing.T, frame Frame, store Store, names ...string) {
	t.Helper()
	groups := Groups()
	for _, name := range names {
		i := slices.IndexFunc(groups, func(g Group) bool { return g.Name == name })
		if i < 0 {
			t.Fatalf("the table has no group %q", name)
		}
		t.Run(name, func(t *testing.T) { groups[i].Run(t, frame, store) })
	}
}

// Run takes one adapter and one store through the group, each case in a world and a bubble of its own.
func (g Group) Run(t *testing.T, frame Frame, store Store) {
	t.Helper()
	for _, c := range g.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := NewWorld(t, frame, store, func(sim *wxsim.Config, cfg *oauth.Config) {
					if c.Sim != nil {
						c.Sim(sim)
					}
					if c.Config != nil {
						c.Config(cfg)
					}
				})
				if c.OneLine {
					w.DeployOneLine(nil)
				}
				c.Test(w)
			})
		})
	}
}
