// Package subject says by which name the engines know a user towards a session store, so that one
// of them can end what the other has begun: a mini program's user has sessions of both.
package subject

// Of returns the [sessionstore.Login]'s Subject of a user. Neither part can hold a blank.
//
// [sessionstore.Login]: https://pkg.go.dev/github.com/wxoauth/wxoauth/sessionstore#Login
func Of(appID, openID string) string { return appID + " " + openID }
