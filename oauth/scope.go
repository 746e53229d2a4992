package oauth

import "strings"

// A Scope is what a user is asked to grant.
type Scope string

// The scopes of WeChat. ScopeUserInfo and ScopeLogin grant the same; ScopeBase grants less.
const (
	ScopeBase     Scope = "snsapi_base"     // only the openid; WeChat does not ask the user
	ScopeUserInfo Scope = "snsapi_userinfo" // openid, unionid and profile; WeChat asks the user
	// The openid, unionid and profile by the QR login of a website app.
	ScopeLogin Scope = "snsapi_login"
)

// rank returns a higher number for a scope that grants more, and 0 for an unknown one.
func (s Scope) rank() int {
	switch s {
	case ScopeBase:
		return 1
	case ScopeUserInfo, ScopeLogin:
		return 2
	}
	return 0
}

// covers reports whether s grants all that need grants.
func (s Scope) covers(need Scope) bool { return s.rank() >= need.rank() }

// highest returns the highest scope of WeChat's comma-separated list, or ScopeBase if none is
// known.
func highest(list string) Scope {
	best := ScopeBase
	for one := range strings.SplitSeq(list, ",") {
		if s := Scope(strings.TrimSpace(one)); s.rank() > best.rank() {
			best = s
		}
	}
	return best
}

// required returns the scope that a page needs. "" is Config.Scope, and an unknown scope is taken
// for the highest.
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
