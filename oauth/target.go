package oauth

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// A target is the page of a request: path and query as the browser sent them, but escaped so that
// they can be appended to PublicURL.
type target struct {
	path  string // begins with "/"
	query []param
}

// A param is a part of a query, between two ampersands.
type param struct{ raw, name, value string }

// requestURI returns path and query as the browser sent them; r.URL may have been changed by
// http.StripPrefix and the like. Scheme and host of an absolute request line are dropped. The
// result always begins with "/", because otherwise it would continue the host when it is appended
// to PublicURL.
func requestURI(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	line, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		line = r.URL // the request was not made by a server
	}
	return "/" + strings.TrimPrefix(line.RequestURI(), "/")
}

func parseTarget(uri string) target {
	path, query, _ := strings.Cut(uri, "?")
	return target{escape(path), parseParams(query)}
}

func parseParams(query string) []param {
	var params []param
	for raw := range strings.SplitSeq(query, "&") {
		if raw == "" {
			continue
		}
		name, value, _ := strings.Cut(raw, "=")
		p := param{raw: escape(raw), name: name}
		if plain, err := url.QueryUnescape(name); err == nil {
			p.name = plain
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			p.value = plain
		}
		params = append(params, p)
	}
	return params
}

// escape percent-encodes the bytes that must not be in a URL. Existing escapes are kept.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for _, b := range []byte(s) {
		if b <= ' ' || b >= 0x7f || strings.IndexByte(`"#<>\^`+"`{|}", b) >= 0 {
			out.WriteByte('%')
			out.WriteByte(digits[b>>4])
			out.WriteByte(digits[b&15])
			continue
		}
		out.WriteByte(b)
	}
	return out.String()
}

func (t target) String() string {
	if len(t.query) == 0 {
		return t.path
	}
	raw := make([]string, len(t.query))
	for i, p := range t.query {
		raw[i] = p.raw
	}
	return t.path + "?" + strings.Join(raw, "&")
}

// first returns the value of the first parameter with this name.
func (t target) first(name string) string {
	for _, p := range t.query {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// without returns the target without the parameters of this name.
func (t target) without(name string) target {
	return target{t.path, slices.DeleteFunc(slices.Clone(t.query), func(p param) bool {
		return p.name == name
	})}
}

// WeChat adds code and state to redirect_uri. If the app's page has parameters with these names,
// they get the prefix wx_ for the way to WeChat and back. So do those that have the prefix
// already: wx_code becomes wx_wx_code, and the way back is unambiguous.
const travelPrefix = "wx_"

// outward returns the target for redirect_uri.
func (t target) outward() target {
	return t.rename(func(p param) param {
		if carried(p.name) {
			p.raw, p.name = travelPrefix+p.raw, travelPrefix+p.name
		}
		return p
	})
}

// homeward undoes outward.
func (t target) homeward() target {
	return t.rename(func(p param) param {
		if carried(p.name) && strings.HasPrefix(p.raw, travelPrefix) {
			p.raw, p.name = p.raw[len(travelPrefix):], p.name[len(travelPrefix):]
		}
		return p
	})
}

func (t target) rename(f func(param) param) target {
	query := make([]param, len(t.query))
	for i, p := range t.query {
		query[i] = f(p)
	}
	return target{t.path, query}
}

// carried reports whether name is code or state, perhaps with prefixes, such as wx_wx_state.
func carried(name string) bool {
	for strings.HasPrefix(name, travelPrefix) {
		name = name[len(travelPrefix):]
	}
	return name == "code" || name == "state"
}

const (
	maxReturnTo = 2048 // bytes
	maxFragment = 512  // bytes, encoded
)

// safeReturn returns a return_to as an escaped path of this site with query and fragment. It
// returns false if it could lead to another site, or back to loginPath.
func safeReturn(raw, loginPath string) (string, bool) {
	if raw == "" || len(raw) > maxReturnTo || raw[0] != '/' || !utf8.ValidString(raw) {
		return "", false
	}
	rest, fragment, hasFragment := strings.Cut(raw, "#")
	plain, query, hasQuery := strings.Cut(rest, "?")
	if hasControl(plain) || strings.Contains(plain, `\`) {
		return "", false
	}
	decoded, err := url.PathUnescape(plain)
	if err != nil || !utf8.ValidString(decoded) || hasControl(decoded) ||
		strings.Contains(decoded, `\`) {
		return "", false
	}
	for _, p := range []string{plain, decoded, path.Clean(plain), path.Clean(decoded)} {
		if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") {
			return "", false
		}
	}
	if path.Clean(decoded) == path.Clean(loginPath) {
		return "", false
	}
	out := escape(plain)
	if hasQuery {
		out += "?" + escape(query)
	}
	if hasFragment {
		if fragment = escape(fragment); len(fragment) <= maxFragment {
			out += "#" + fragment
		}
	}
	return out, true
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}
