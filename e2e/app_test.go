package e2e

import (
	"bufio"
	"bytes"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/wxsim"
)

var frameworks = []string{"nethttp", "chi", "gin"}

// onEach runs a test with each framework's example.
func onEach(t *testing.T, test func(t *testing.T, framework string)) {
	t.Helper()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) { test(t, framework) })
	}
}

// patience bounds every wait.
const patience = 20 * time.Second

var addresses = regexp.MustCompile(`(?m)^  (?:Open|WeChat) +(http://\S+)`)

// startAlone runs an example as a newcomer does, with WeChat simulated inside, and returns the
// addresses of both.
func startAlone(t *testing.T, framework string, env ...string) (app, sim string) {
	t.Helper()
	found := addresses.FindAllStringSubmatch(start(t, framework, env...), 2)
	require.Len(t, found, 2, framework)
	return found[0][1], found[1][1]
}

// startWith runs an example against sim.
func startWith(t *testing.T, framework string, sim *wxsim.Server, env ...string) (app string) {
	t.Helper()
	found := addresses.FindStringSubmatch(start(t, framework, append(addressed(sim), env...)...))
	require.NotNil(t, found, framework)
	return found[1]
}

// addressed tells an example where WeChat is.
func addressed(sim *wxsim.Server) []string {
	return []string{
		"WECHAT_APPID=" + sim.AppID(), "WECHAT_SECRET=" + sim.Secret(),
		"WECHAT_API_URL=" + sim.URL, "WECHAT_OPEN_URL=" + sim.URL,
	}
}

// start runs an example until it has said all that it says at its start, and returns that.
func start(t *testing.T, framework string, env ...string) string {
	t.Helper()
	if chromium == nil {
		t.Skip("there is no browser")
	}
	cmd := exec.Command(binaries + "/" + framework)
	cmd.Env = append([]string{"ADDR=" + freeAddress(t), "WXSIM_ADDR=127.0.0.1:0", "ASK_AT_ONCE=1"}, env...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var log bytes.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	var readers sync.WaitGroup
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		readers.Wait()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the log of examples/%s:\n%s", framework, log.String())
		}
	})
	said := make(chan string, 1)
	readers.Go(func() {
		var text strings.Builder
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			text.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "Ctrl-C") {
				said <- text.String()
			}
		}
		close(said)
	})
	select {
	case text := <-said:
		return text
	case <-time.After(patience):
		t.Fatalf("examples/%s did not start", framework)
		return ""
	}
}

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// simulate starts a WeChat that the test can command.
func simulate(t *testing.T) *wxsim.Server {
	t.Helper()
	sim := wxsim.New(wxsim.Config{Users: wxsim.MadeUpUsers(3)})
	require.NoError(t, sim.Start())
	t.Cleanup(sim.Close)
	return sim
}

// abroad moves the browser to where clocks show what those of no server do.
func abroad(tb *tab) *time.Location {
	tb.t.Helper()
	call(tb, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kathmandu"})
	return time.FixedZone("Asia/Kathmandu", 5*60*60+45*60)
}

func TestTimesAreInTheBrowsersZone(t *testing.T) {
	app, _ := startAlone(t, "gin")
	tb := newProfile(t, wechatAgent)
	zone := abroad(tb)
	tb.open(app + "/me")
	tb.click(allow)
	at, err := time.Parse(time.RFC3339, eval[string](tb, `document.querySelector("time").dateTime`))
	require.NoError(t, err)
	require.Equal(t, at.In(zone).Format("2006年1月2日 15:04"), tb.text("time"))
}
