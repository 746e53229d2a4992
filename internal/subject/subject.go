// Package subject has the forms of WeChat's ids and login codes, and the name under which the login
// engines tell a session store whose a session is. Both engines use the same name, because a mini
// program's user may have sessions of both, which either can end.
package subject

import "encoding/json"

// Of returns the Subject of a user for a [sessionstore.Login]. Neither part contains a blank.
//
// [sessionstore.Login]: https://pkg.go.dev/github.com/wxoauth/wxoauth/sessionstore#Login
func Of(appID, openID string) string { return appID + " " + openID }

// ValidID reports whether id has the form of an appid, openid or unionid: 1 to 64 characters of
// A-Z, a-z, 0-9, _ and -.
func ValidID(id string) bool {
	for _, b := range []byte(id) {
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && b != '_' &&
			b != '-' {
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 64
}

const maxCode = 512 // bytes; the codes of WeChat have 32

// ValidCode reports whether code has the form of a login code: 1 to 512 printable ASCII characters,
// and no blank. WeChat answers others with something other than a refusal, which looks like an
// outage.
func ValidCode(code string) bool {
	for _, b := range []byte(code) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return 1 <= len(code) && len(code) <= maxCode
}

// An ID is an openid or unionid in an answer of WeChat. If an answer has two different ones, it is
// not valid; without this type, encoding/json would take the last one.
type ID string

// UnmarshalJSON is called for each occurrence of the field.
func (id *ID) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if *id != "" && string(*id) != text {
		text = "sent twice" // which is not a valid id
	}
	*id = ID(text)
	return nil
}

// Valid reports whether id is valid; see [ValidID].
func (id ID) Valid() bool { return ValidID(string(id)) }
