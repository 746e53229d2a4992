package cookie

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const name = "__Host-wx-a1b2c3"

// blanks are what Unicode calls white space, and ASCII does not.
var blanks = []string{
	"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
	"\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\v", "\f", "\x00",
}

func request(lines ...string) *http.Request {
	return &http.Request{Header: http.Header{"Cookie": lines}}
}

func TestValue(t *testing.T) {
	for _, tt := range []struct {
		what, want string
		lines      []string
	}{
		{"none", "", nil},
		{"alone", "v", []string{name + "=v"}},
		{"among others", "v", []string{"a=b; " + name + "=v; c=d"}},
		{"in the second line", "v", []string{"a=b", name + "=v"}},
		{"the first of two", "v", []string{name + "=v; " + name + "=w"}},
		{"ASCII blanks round the name", "v", []string{" \t" + name + "\t =v"}},
		{"blanks before the value are its own", " v", []string{name + "= v "}},
		{"in quotes", "v", []string{name + `="v"`}},
		{"half a quote", "", []string{name + `="v`}},
		{"a bad value is passed over", "v", []string{name + "=\x80; " + name + `=a\b; ` + name + "=v"}},
		{"a dollar is an ordinary character", "v", []string{"$Version=1; " + name + "=v; $Path=/"}},
		{"no equals sign", "", []string{name}},
		{"too many", "", []string{name + "=v" + strings.Repeat(";", maxCookies)}},
		{"just not too many", "v", []string{name + "=v" + strings.Repeat(";", maxCookies-1)}},
	} {
		require.Equal(t, tt.want, Value(request(tt.lines...), name), tt.what)
	}
	require.Empty(t, Value(request("=v; v"), ""))
}

func TestLookAlikeNames(t *testing.T) {
	for _, blank := range blanks {
		for _, other := range []string{blank + name, name + blank, blank + name + blank, " " + blank + name} {
			r := request(other + "=planted; " + name + "=real")
			require.Equal(t, "real", Value(r, name), other)
		}
	}
}

func TestCandidates(t *testing.T) {
	for _, tt := range []struct {
		name string
		want []string
	}{
		{name, []string{"1"}},
		{"wx-a1b2c3", []string{"1", "2", "3"}},
	} {
		header := strings.ReplaceAll("N=1; a=b; N=2; N=3; N=; N=4; N=5", "N", tt.name)
		require.Equal(t, tt.want, slices.Collect(Candidates(request(header), tt.name)), tt.name)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	r := request("a=b; " + name + "=v; c=d")
	if n := testing.AllocsPerRun(100, func() {
		for value := range Candidates(r, name) {
			if value != "v" || Value(r, name) != "v" {
				t.Error(value)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzAll compares this reader with net/http's.
func FuzzAll(f *testing.F) {
	for _, line := range []string{"a=b", `a="b"; b="; c=""; d="""`, " a = b ;; =c; d", "$Version=1; a=\x80; \u2000a=b; a\u2000=c", "a=b\\; a=\tb\t;\v=c", "\xff=a"} {
		f.Add(line, line)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		r := request(first, second)
		var got, want []string
		for name, value := range All(r) {
			got = append(got, name+"="+value)
		}
		for _, c := range r.Cookies() {
			want = append(want, c.Name+"="+c.Value)
			theirs, _ := r.Cookie(c.Name)
			require.Equal(t, theirs.Value, Value(r, c.Name), r.Header)
		}
		require.Equal(t, want, got, r.Header)
	})
}

// Each byte is tried at each place of a word and behind it.
func TestValidLooksAtEachByte(t *testing.T) {
	for c := range 256 {
		want := c >= ' ' && c < 0x7f && c != '"' && c != '\\'
		for i := range 19 {
			value := []byte("abcdefgh~!~!~!~!ijk")
			value[i] = byte(c)
			require.Equal(t, want, valid(string(value)), c)
		}
	}
}

func BenchmarkValue(b *testing.B) {
	r := request("theme=dark; " + name + "=" + strings.Repeat("A1b2", 280) + "; wxf=1")
	for b.Loop() {
		Value(r, name)
	}
}
