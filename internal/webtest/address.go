package webtest

import (
	"net/url"
	"strings"
)

// Resolve resolves a Location as browsers do, which accept more than package url: backslashes are
// slashes, tabs and line breaks are ignored, any number of slashes begins a host, and the fragment
// is kept if a redirect has none.
func Resolve(base *url.URL, location string) (*url.URL, error) {
	location = strings.TrimFunc(location, func(r rune) bool { return r <= ' ' })
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(location)
	address, fragment, hasFragment := strings.Cut(location, "#")
	address, query, hasQuery := strings.Cut(address, "?")
	address = strings.ReplaceAll(address, `\`, "/")

	scheme, rest := base.Scheme, address
	absolute := false
	for _, web := range []string{"https", "http"} {
		if after, ok := cutPrefixFold(address, web+":"); ok {
			absolute = web != base.Scheme || strings.HasPrefix(after, "//")
			scheme, rest = web, after
			break
		}
	}
	if scheme == base.Scheme && rest == address && otherScheme(address) {
		return url.Parse(location) // javascript:, weixin: and so on
	}
	next := &url.URL{Scheme: scheme, Host: base.Host}
	switch {
	case absolute || strings.HasPrefix(rest, "//"):
		authority := strings.TrimLeft(rest, "/")
		end := strings.IndexByte(authority, '/')
		if end < 0 {
			end = len(authority)
		}
		next.Host, rest = strings.ToLower(authority[:end]), authority[end:]
		if at := strings.LastIndexByte(next.Host, '@'); at >= 0 {
			next.Host = next.Host[at+1:]
		}
		next.Host = strings.TrimSuffix(next.Host,
			map[string]string{"https": ":443", "http": ":80"}[scheme])
	case rest == "":
		rest = base.EscapedPath()
		if !hasQuery {
			query, hasQuery = base.RawQuery, base.RawQuery != ""
		}
	case !strings.HasPrefix(rest, "/"):
		rest = base.EscapedPath()[:strings.LastIndexByte(base.EscapedPath(), '/')+1] + rest
	}
	rest = withoutDots("/" + strings.TrimPrefix(rest, "/"))
	// So that the request line is written like this, and not as package url would.
	next.Opaque = rest
	next.Path, next.RawPath = unescape(rest), rest
	next.RawQuery, next.ForceQuery = query, hasQuery && query == ""
	next.Fragment = base.Fragment
	if hasFragment {
		next.Fragment = fragment
	}
	return next, nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func otherScheme(address string) bool {
	scheme, _, ok := strings.Cut(address, ":")
	return ok && scheme != "" &&
		strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// withoutDots removes . and .. segments, also escaped ones, and keeps all slashes.
func withoutDots(p string) string {
	var out []string
	parts := strings.Split(p, "/")[1:]
	for i, part := range parts {
		last := i == len(parts)-1
		switch strings.ReplaceAll(strings.ToLower(part), "%2e", ".") {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			out = out[:max(0, len(out)-1)]
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, part)
		}
	}
	return "/" + strings.Join(out, "/")
}

func unescape(p string) string {
	plain, err := url.PathUnescape(p)
	if err != nil {
		return p
	}
	return plain
}

// Show returns an address as an address bar shows it.
func Show(u *url.URL) string {
	if u.Host == "" {
		return u.String()
	}
	text := u.Scheme + "://" + u.Host + u.Opaque
	if u.RawQuery != "" || u.ForceQuery {
		text += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		text += "#" + u.Fragment
	}
	return text
}
