// Package subject knows the ids of WeChat's users, and by which name the engines know a user towards
// a session store. A mini program's user may have sessions of both engines, so that one of them can
// end what the other has begun.
package subject

import "encoding/json"

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

// An ID is an openid or unionid in an answer of WeChat's. encoding/json takes the last of two; two
// different ones name nobody.
type ID string

// UnmarshalJSON is called once for each time that the field is there.
func (id *ID) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if *id != "" && string(*id) != text {
		text = "sent twice" // which is not valid
	}
	*id = ID(text)
	return nil
}

// Valid is [ValidID].
func (id ID) Valid() bool { return ValidID(string(id)) }
