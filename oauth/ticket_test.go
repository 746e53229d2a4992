package oauth

import (
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/clock"
	"github.com/wxoauth/wxoauth/internal/webtest"
)

func ticketsOf(tb testing.TB, change func(*Config)) *tickets {
	tb.Helper()
	cfg := Config{AppID: "wx0123456789abcdef", Keys: [][]byte{make([]byte, 32)}}
	if change != nil {
		change(&cfg)
	}
	t, err := newTickets(cfg)
	require.NoError(tb, err)
	return t
}

func TestATicketSaysWhatItWasMadeFor(t *testing.T) {
	all := ticketsOf(t, nil)
	for _, scope := range []Scope{ScopeBase, ScopeUserInfo} {
		made := all.issue(webtest.DesktopChrome, scope)
		require.True(t, regexp.MustCompile(`^[A-Za-z0-9_-]{32}$`).MatchString(made.text), made.text)
		read, ok := all.parse(made.text)
		if !ok || read != made || read.scope != scope {
			t.Errorf("made %+v, read %+v", made, read)
		}
		if again, _ := all.open(made.raw()); again != made {
			t.Errorf("made %+v, opened %+v", made, again)
		}
		d := read.request()
		if d.Browser != "Chrome" || d.System != "Linux" || d.Number < 10 || d.Number > 99 || time.Since(d.At) > 2*time.Second {
			t.Errorf("the request is %+v", d)
		}
	}
}

func TestATicketLivesFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := ticketsOf(t, nil)
		made := all.issue("", ScopeBase)
		time.Sleep(ticketLife)
		if _, ok := all.parse(made.text); !ok {
			t.Error("it is dead after five minutes")
		}
		time.Sleep(time.Second)
		if _, ok := all.parse(made.text); ok {
			t.Error("it lives longer than five minutes")
		}
		if _, ok := all.open(made.raw()); !ok {
			t.Error("its desktop cannot come back")
		}
		time.Sleep(ticketRest)
		if _, ok := all.open(made.raw()); ok {
			t.Error("its desktop may come back for ever")
		}
	})
}

func TestTicketsFromTheFuture(t *testing.T) {
	ahead := ticketsOf(t, nil)
	ahead.now = func() time.Time { return time.Now().Add(clock.Skew + 2*time.Second) }
	here := ticketsOf(t, nil)
	if _, ok := here.parse(ahead.issue("", ScopeBase).text); ok {
		t.Error("a ticket from the future is good")
	}
	require.Zero(t, here.ahead.Load(), "a ticket that is refused moves the clock")
}

// The clocks of replicas may be five minutes apart: once a replica has seen a ticket of a faster one
// all tickets of both are good at both, and none is for longer than five minutes of the fast clock.
func TestReplicasWhoseClocksDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, fast := ticketsOf(t, nil), ticketsOf(t, nil)
		slow.now = func() time.Time { return time.Now().Add(-clock.Skew) }
		if _, ok := slow.parse(fast.issue("", ScopeBase).text); !ok {
			t.Fatal("the slow replica takes the fast one's ticket to be from the future")
		}
		made := slow.issue("", ScopeBase)
		time.Sleep(ticketLife - 5*time.Second)
		for name, at := range map[string]*tickets{"slow": slow, "fast": fast} {
			if _, ok := at.parse(made.text); !ok {
				t.Errorf("the %s replica takes a ticket to be old", name)
			}
		}
		time.Sleep(8 * time.Second)
		for name, at := range map[string]*tickets{"slow": slow, "fast": fast} {
			if _, ok := at.parse(made.text); ok {
				t.Errorf("at the %s replica a ticket lives longer than five minutes", name)
			}
		}
	})
}

// However many tickets go to and fro between two replicas, neither runs ahead of the faster clock.
func TestReplicasDoNotDriveEachOtherOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast, slow := ticketsOf(t, nil), ticketsOf(t, nil)
		slow.now = func() time.Time { return time.Now().Add(-50 * time.Millisecond) }
		for range 1000 {
			for from, to := range map[*tickets]*tickets{fast: slow, slow: fast} {
				if _, ok := to.parse(from.issue("", ScopeBase).text); !ok {
					t.Fatal("a replica refuses the other one's ticket")
				}
				time.Sleep(35 * time.Millisecond)
			}
		}
		for name, one := range map[string]*tickets{"fast": fast, "slow": slow} {
			require.LessOrEqual(t, time.Until(one.time()), time.Duration(0), name)
		}
	})
}

func TestATicketIsGoodAtItsOwnDeskOnly(t *testing.T) {
	made := ticketsOf(t, nil).issue("", ScopeBase)
	for name, change := range map[string]func(*Config){
		"another appid": func(cfg *Config) { cfg.AppID = "wx0000000000000000" },
		"another name":  func(cfg *Config) { cfg.Name = "admin" },
		"another key":   func(cfg *Config) { cfg.Keys = [][]byte{[]byte("32 random bytes, kept as secrets")} },
	} {
		if _, ok := ticketsOf(t, change).parse(made.text); ok {
			t.Errorf("it is good with %s", name)
		}
	}
	rotated := ticketsOf(t, func(cfg *Config) {
		cfg.Keys = [][]byte{[]byte("32 random bytes, kept as secrets"), make([]byte, 32)}
	})
	if read, ok := rotated.parse(made.text); !ok || read.number != made.number || read.choices != made.choices {
		t.Error("a ticket of the old key is not the same after a rotation")
	}
}

// Every number, order and place is as likely as any other: they tell nothing.
func TestNumbersTellNothing(t *testing.T) {
	all := ticketsOf(t, nil)
	const n = 9000
	numbers, places, larger := [100]int{}, [3]int{}, 0
	for range n {
		made := all.issue("", ScopeBase)
		c := made.choices
		if c[0] == c[1] || c[1] == c[2] || c[0] == c[2] || slices.Min(c[:]) < 10 || slices.Max(c[:]) > 99 {
			t.Fatalf("the choices are %v", c)
		}
		numbers[made.number]++
		places[slices.Index(c[:], made.number)]++
		if made.number == slices.Max(c[:]) {
			larger++
		}
	}
	for i, count := range numbers[10:] {
		if count < 50 || count > 160 { // 100, within six times the deviation
			t.Errorf("%d was drawn %d times of %d", 10+i, count, n)
		}
	}
	for i, count := range append(places[:], larger) {
		if count < n/3-300 || count > n/3+300 {
			t.Errorf("place %d has it %d times of %d", i, count, n)
		}
	}
}

func TestWhatADesktopIsCalled(t *testing.T) {
	for _, tt := range []struct{ agent, browser, system string }{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge", "Windows"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari", "macOS"},
		{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox", "Linux"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome", "ChromeOS"},
		{"Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0 Safari/537.36 Core/1.94 QQBrowser/13.0", "QQ Browser", "Windows"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/125.0 Mobile/15E148 Safari/604.1", "Chrome", "iOS"},
		{webtest.WeCom, "WeCom", "iOS"},
		{"curl/8.12.1", "", ""},
		{"<script>Chrome/</script>", "Chrome", ""},
		{"", "", ""},
	} {
		browser, system := recognize(tt.agent)
		if browserNames[browser] != tt.browser || systemNames[system] != tt.system {
			t.Errorf("%s is called %s on %s", tt.agent, browserNames[browser], systemNames[system])
		}
	}
	for _, b := range browserMarks {
		if b.name >= len(browserNames) || b.name > 15 {
			t.Errorf("%s has no name", b.mark)
		}
	}
}

func FuzzTicket(f *testing.F) {
	all := ticketsOf(f, nil)
	f.Add(all.issue(webtest.DesktopChrome, ScopeBase).text)
	f.Add("wait")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if found, ok := all.parse(text); ok && (found.text != text || found.number < 10) {
			t.Errorf("%q is read as %+v", text, found)
		}
	})
}
