package webtest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Jar keeps cookies as browsers do: by name, host and path, with the rules of Secure, SameSite
// and the __Host- prefix, until they expire by time.Now (a bubble's clock inside a bubble). It is
// safe for concurrent use.
type Jar struct {
	mu      sync.Mutex
	cookies []*kept
}

// A kept cookie.
type kept struct {
	http.Cookie

	host    string    // which has set it
	end     time.Time // zero means when the browser is closed
	created time.Time
}

// MaxCookie is how long name and value of a cookie may be together, in bytes. Browsers ignore
// longer cookies without a word.
const MaxCookie = 4096

const maxJar = 180 // cookies per host; if there are more, the oldest is dropped

// Set stores the cookies of an answer from u. It returns those that were refused.
func (j *Jar) Set(u *url.URL, cookies []*http.Cookie) (refused []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		if !j.set(u, c) {
			refused = append(refused, c)
		}
	}
	return refused
}

func (j *Jar) set(u *url.URL, c *http.Cookie) bool {
	secure := u.Scheme == "https"
	k := &kept{Cookie: *c, host: u.Hostname(), created: time.Now()}
	if !strings.HasPrefix(k.Path, "/") {
		k.Path = defaultPath(u.Path)
	}
	if k.Domain = strings.TrimPrefix(strings.ToLower(k.Domain), "."); k.Domain != "" &&
		!within(k.host, k.Domain) {
		return false
	}
	switch {
	case len(c.Name)+len(c.Value) > MaxCookie,
		c.Secure && !secure,
		c.SameSite == http.SameSiteNoneMode && !c.Secure,
		strings.HasPrefix(c.Name, "__Secure-") && !c.Secure,
		strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || c.Path != "/" || c.Domain != ""):
		return false
	}
	same := slices.IndexFunc(j.cookies, func(old *kept) bool {
		return old.Name == k.Name && old.host == k.host && old.Domain == k.Domain &&
			old.Path == k.Path
	})
	if same >= 0 {
		if j.cookies[same].Secure && !secure {
			return false
		}
		k.created = j.cookies[same].created
		j.cookies = slices.Delete(j.cookies, same, same+1)
	}
	switch {
	case k.MaxAge < 0 || (k.MaxAge == 0 && !k.Expires.IsZero() && !k.Expires.After(time.Now())):
		return true // deleted
	case k.MaxAge > 0:
		k.end = time.Now().Add(time.Duration(k.MaxAge) * time.Second)
	default:
		k.end = k.Expires
	}
	if len(j.cookies) >= maxJar {
		j.cookies = j.cookies[1:]
	}
	j.cookies = append(j.cookies, k)
	return true
}

// Get returns the cookies for a request to u, longer paths first, then older ones. crossSite says
// that another site's page makes the request, navigation that it loads a whole page with GET.
func (j *Jar) Get(u *url.URL, crossSite, navigation bool) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookies = slices.DeleteFunc(j.cookies, func(k *kept) bool {
		return !k.end.IsZero() && !time.Now().Before(k.end)
	})
	var found []*kept
	for _, k := range j.cookies {
		switch {
		case k.Domain == "" && k.host != u.Hostname(),
			k.Domain != "" && !within(u.Hostname(), k.Domain):
		case k.Secure && u.Scheme != "https", !underPath(cmp.Or(u.Path, "/"), k.Path):
		case crossSite && k.SameSite == http.SameSiteStrictMode:
		case crossSite && !navigation && k.SameSite != http.SameSiteNoneMode: // Lax is the default
		default:
			found = append(found, k)
		}
	}
	slices.SortStableFunc(found, func(a, b *kept) int {
		return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), a.created.Compare(b.created))
	})
	var out []*http.Cookie
	for _, k := range found {
		out = append(out, &http.Cookie{Name: k.Name, Value: k.Value})
	}
	return out
}

// All returns every cookie with its attributes, expired ones left out.
func (j *Jar) All() []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []*http.Cookie
	for _, k := range j.cookies {
		if k.end.IsZero() || time.Now().Before(k.end) {
			c := k.Cookie
			all = append(all, &c)
		}
	}
	return all
}

// Lose drops the cookies for which lost returns true.
func (j *Jar) Lose(lost func(c *http.Cookie) bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookies = slices.DeleteFunc(j.cookies, func(k *kept) bool { return lost(&k.Cookie) })
}

// Copy returns a jar with the same cookies: a backup, or a thief's.
func (j *Jar) Copy() *Jar {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := &Jar{}
	for _, k := range j.cookies {
		twin := *k
		c.cookies = append(c.cookies, &twin)
	}
	return c
}

// within reports whether host is the domain or below it.
func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

func underPath(path, of string) bool {
	return path == of || (strings.HasPrefix(path, of) &&
		(strings.HasSuffix(of, "/") || path[len(of)] == '/'))
}

func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}
