// Package subject knows the ids of WeChat's users, and by which name the engines know a user towards
// a session store. A mini program's user may have sessions of both engines, so that one of them can
// end what the other has begun.
package subject

// Of returns the [sessionstore.Login]'s Subject of a user. Neither part can hold a blank.
//
// [sessionstore.Login]: https://pkg.go.dev/github.com/wxoauth/wxoauth/sessionstore#Login
func Of(appID, openID string) string { return appID + " " + openID }

// ValidID reports whether id looks like an appid, openid or unionid: 1 to 64 of A-Z a-z 0-9 _ and -.
func ValidID(id string) bool {
	for _, b := range []byte(id) {
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && b != '_' && b != '-' {
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 64
}
