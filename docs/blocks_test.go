package docs_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// The blocks that are no Go run here, in what they are written for.

// blocks returns those of a document in both languages.
func blocks(t *testing.T, name, language string) (all []string) {
	t.Helper()
	for _, page := range []string{name + ".md", name + chinese + ".md"} {
		for _, b := range markdown.Read(t, page).Blocks() {
			if b.Language == language {
				all = append(all, b.Code)
			}
		}
	}
	require.NotEmpty(t, all, "%s has no block of %s", name, language)
	return all
}

// tool returns the path of a program that make test installs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("WXOAUTH_NO_SKIP") == "1":
		t.Fatalf("there is no %s", name)
	default:
		t.Skipf("there is no %s", name)
	}
	return path
}

// A browser, a phone, Vue and Vite as far as the scripts of the documents look.
const scriptWorld = `
const any = new Proxy(function () {}, { get: (_, key) => (key === "then" || typeof key === "symbol" ? undefined : any), apply: () => any, construct: () => any, set: () => true });
const answer = { nickname: "小明", appid: "wx0123456789abcdef", token: "t", expires_in: 60 };
const platform = new Proxy({}, { get: (_, method) => (options) => {
  if (options?.success) options.success({ statusCode: 200, data: answer, code: "c", header: {} });
  return "";
} });
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "MicroMessenger" }, configurable: true });
Object.assign(globalThis, {
  document: any, history: any, wx: platform, uni: platform, Taro: platform, window: globalThis, addEventListener: () => {},
  location: new URL("https://shop.example.com/cart?id=7#top"),
  Request: class extends Request { constructor(input, init) { super(typeof input === "string" ? new URL(input, "https://shop.example.com") : input, init); } },
  fetch: async () => new Response(JSON.stringify(answer), { status: 200, headers: { "Content-Type": "application/json" } }),
});
`

func TestScriptsOfTheDocumentsRun(t *testing.T) {
	node, dir := tool(t, "node"), t.TempDir()
	for name, content := range map[string]string{
		"web.mjs":  markdown.Read(t, "web/wxoauth.js").Text,
		"mini.mjs": markdown.Read(t, "mini/wxoauth.js").Text,
		"vue.mjs":  "export const ref = (value) => ({ value });",
		// It is told that nobody is signed in, and wants the page to go to the login and come back.
		"axios.mjs": `export default { interceptors: { response: { use(_, fault) {
			fault({ response: { data: { error: "login_required", login_url: "https://shop.example.com/wechat/login" } } });
			if (location.href !== "https://shop.example.com/wechat/login?return_to=https%3A%2F%2Fshop.example.com%2Fcart%3Fid%3D7%23top") throw location.href;
		} } } };`,
		"vite.mjs": "export const defineConfig = (config) => config; export default () => ({});",
	} {
		write(t, filepath.Join(dir, name), []byte(content))
	}
	modules := strings.NewReplacer(
		`"/wxoauth.js"`, `"./web.mjs"`, `"./wxoauth.js"`, `"./web.mjs"`, `"./wxoauth"`, `"./mini.mjs"`,
		`"vue"`, `"./vue.mjs"`, `"vite"`, `"./vite.mjs"`, `"axios"`, `"./axios.mjs"`, `"@vitejs/plugin-vue"`, `"./vite.mjs"`,
	)
	setup := regexp.MustCompile(`(?s)<script setup>\n(.*)</script>`)
	scripts := blocks(t, "docs/recipes", "js")
	for _, page := range blocks(t, "docs/recipes", "vue") {
		scripts = append(scripts, setup.FindStringSubmatch(page)[1])
	}
	for _, script := range scripts {
		if !strings.Contains(script, "import ") { // goes on from an earlier block
			script = "import { createClient } from \"./wxoauth\"; const client = createClient(wx, { server: \"https://shop.example.com\" });\n" + script
		}
		file := filepath.Join(dir, "block.mjs")
		write(t, filepath.Join(dir, "world.mjs"), []byte(scriptWorld))
		write(t, file, []byte("import \"./world.mjs\";\n"+modules.Replace(script)))
		if out, err := exec.CommandContext(t.Context(), node, file).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, script, out)
		}
	}
}

// The form of the documents ends a session: TestRecipeLogOut posts it.
func logOutForm(t *testing.T) (action, fields string) {
	t.Helper()
	form := regexp.MustCompile(`(?s)<form method="post" action="([^"]+)">.*<input type="hidden" name="([^"]+)" value="([^"]+)">`)
	m := form.FindStringSubmatch(blocks(t, "docs/recipes", "html")[0])
	return m[1], m[2] + "=" + m[3]
}

func TestNginxTakesTheBlocksOfTheDocuments(t *testing.T) {
	directive := regexp.MustCompile(`^\s*(#.*|[a-z_]+ .*[;{](\s+#.*)?|})$`)
	for _, block := range blocks(t, "docs/recipes", "nginx") {
		for line := range strings.Lines(block) {
			require.True(t, directive.MatchString(strings.TrimRight(line, "\n")), line)
		}
		nginx, err := exec.LookPath("nginx")
		if err != nil {
			continue // examples/fleet runs without it, too
		}
		dir := t.TempDir()
		write(t, filepath.Join(dir, "nginx.conf"), []byte("pid "+dir+"/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\nserver {\nlisten 127.0.0.1:8080;\n"+block+"}\n}\n"))
		if out, err := exec.CommandContext(t.Context(), nginx, "-t", "-p", dir, "-c", "nginx.conf").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, block, out)
		}
	}
}

func TestRedisTakesTheConfigurationOfTheDocuments(t *testing.T) {
	redis := tool(t, "redis-server")
	for _, block := range blocks(t, "docs/operations", "") {
		if !strings.Contains(block, "appendonly yes") {
			continue
		}
		dir := t.TempDir()
		write(t, filepath.Join(dir, "redis.conf"), []byte(block))
		n := &newcomer{T: t, dir: dir, env: os.Environ()}
		c, out := n.cmd(redis + " redis.conf --port 0 --unixsocket s")
		require.NoError(t, c.Start())
		for range 100 {
			if _, err := os.Stat(filepath.Join(dir, "s")); err == nil {
				break
			}
			<-time.After(50 * time.Millisecond)
		}
		if _, err := os.Stat(filepath.Join(dir, "s")); err != nil {
			t.Error("Redis does not start")
		}
		_ = c.Cancel()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("%s\n%s", block, out)
		}
	}
}

// The commands that start the example, with nothing changed but addresses and the secret.
func TestCommandsThatStartTheExample(t *testing.T) {
	for _, command := range exampleCommands(t) {
		host := "127.0.0.1"
		if strings.Contains(command, "LAN=1") {
			host = privateHost(t)
		}
		n := &newcomer{T: t, dir: "..", env: os.Environ()}
		if host == "" { // the example says so
			c, out := n.cmd(command)
			if c.Run() == nil || !strings.Contains(out.String(), "LAN: this machine has no address") {
				t.Errorf("%s\n%s", command, out)
			}
			continue
		}
		local := strings.NewReplacer("127.0.0.1", host)
		app, sim := local.Replace(n.port("8080")), local.Replace(n.port("8081"))
		n.env = append(n.env, "ADDR="+app, "WXSIM_ADDR="+sim)
		n.start(strings.NewReplacer(append(n.ports, "SECRET=…", "SECRET=0123456789abcdef0123456789abcdef")...).Replace(command))
		_, body := n.open(http.DefaultClient, http.MethodGet, "http://"+app+"/healthz", nil) //nolint:forbidigo // loopback
		require.Contains(t, body, "ok", command)
		if strings.Contains(command, "DESK=1") { // the phone opens what the code holds
			_, body = n.open(http.DefaultClient, http.MethodGet, "http://"+app+"/me", nil) //nolint:forbidigo // this machine
			require.Contains(t, body, `id="desk-link" href="http://`+app+"/", command)
		}
	}
}

// exampleCommands are the blocks of two pages, and what stands within the sentences of all.
func exampleCommands(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range []string{"docs/wechat-setup", "examples/README"} {
		for _, b := range blocks(t, name, "sh") {
			if strings.Contains(b, "go run ./examples/") {
				all = append(all, b)
			}
		}
	}
	for _, d := range markdown.All(t) {
		for _, m := range commandForm.FindAllStringSubmatch(d.Prose(), -1) {
			if strings.Contains(m[1], "go run ./examples/") {
				all = append(all, m[1]+"\n")
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all) // a block in Chinese differs in its comments
}

// privateHost is this machine's address in its network; "" if it has none.
func privateHost(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.IsPrivate() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	return ""
}
