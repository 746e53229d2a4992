package wxoauth

import (
	"context"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/oauth"
)

// Desk is desktop login by a phone; see [oauth.Desk].
type Desk = oauth.Desk

// DeskRequest is a desktop that wants to be signed in; see [oauth.DeskRequest].
type DeskRequest = oauth.DeskRequest

// DeskRequest returns the request of a desktop's ticket; see [oauth.Auth.DeskRequest].
func (a *Auth) DeskRequest(ticket string) (DeskRequest, error) { return a.auth.DeskRequest(ticket) }

// ApproveDesk signs in the desktop that shows the ticket, after a confirmation page of the app's
// own; see [oauth.Auth.ApproveDesk].
func (a *Auth) ApproveDesk(ctx context.Context, ticket string, u *core.User) error {
	return a.auth.ApproveDesk(ctx, ticket, u)
}
