package wxoauth

import "github.com/wxoauth/wxoauth/oauth"

// Desk is desktop login by a phone; see [oauth.Desk].
type Desk = oauth.Desk

// DeskRequest is a desktop that wants to be signed in; see [oauth.DeskRequest].
type DeskRequest = oauth.DeskRequest
