package oauth

import "strings"

// A Scope is what a user is asked to grant.
type Scope string

// The scopes of WeChat. ScopeUserInfo and ScopeLogin are worth the same; ScopeBase is less.
const (
	ScopeBase     Scope = "snsapi_base"     // silent: the openid only
	ScopeUserInfo Scope = "snsapi_userinfo" // asks the user: openid, unionid and profile
	ScopeLogin    Scope = "snsapi_login"    // QR login of a website app: openid, unionid and profile
)

// rank orders scopes; an unknown scope is worth nothing.
func (s Scope) rank() int {
	switch s {
	case ScopeBase:
		return 1
	case ScopeUserInfo, ScopeLogin:
		return 2
	}
	return 0
}

// covers reports whether a user who granted s need not be asked for need.
func (s Scope) covers(need Scope) bool { return s.rank() >= need.rank() }

// highest picks the scope that counts from WeChat's comma-separated list. A list without any
// known scope still is a login: base.
func highest(list string) Scope {
	best := ScopeBase
	for one := range strings.SplitSeq(list, ",") {
		if s := Scope(strings.TrimSpace(one)); s.rank() > best.rank() {
			best = s
		}
	}
	return best
}

// required makes a scope that sessions can be measured by. An unknown one asks for the most.
func (a *Auth) required(need Scope) Scope {
	switch need {
	case "":
		return a.cfg.Scope
	case ScopeBase:
		return ScopeBase
	default:
		return ScopeUserInfo
	}
}
