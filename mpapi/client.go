package mpapi

import (
	"context"

	"github.com/wxoauth/wxoauth/core"
)

// A Client calls the APIs of one mini program. Make it with [New]; neither a zero Client nor a zero
// service can call anything. It is safe for concurrent use.
type Client struct {
	Analytics AnalyticsService // visits and retention
	Image     ImageService     // cropping, QR codes
	OCR       OCRService       // cards, licences, printed text
	Security  SecurityService  // content checks
	Message   MessageService   // messages that change after they were shared
	Risk      RiskService      // how risky a user is
	Link      LinkService      // short links
	Soter     SoterService     // fingerprint and face signatures
	Media     MediaService     // temporary files
}

// New makes a Client that calls through c, with its app access token.
func New(c *core.Client) *Client {
	return &Client{
		Analytics: AnalyticsService{c},
		Image:     ImageService{c},
		OCR:       OCRService{c},
		Security:  SecurityService{c},
		Message:   MessageService{c},
		Risk:      RiskService{c},
		Link:      LinkService{c},
		Soter:     SoterService{c},
		Media:     MediaService{c},
	}
}

// call calls an API. has reports whether the answer has the field that WeChat promises; without it
// the answer is an error.
func call[T any](
	ctx context.Context, c *core.Client, r core.Request, field string, has func(*T) bool,
) (*T, error) {
	out, err := core.Call[T](ctx, c, r)
	if err == nil && !has(out) {
		return nil, r.BadAnswer("no " + field + " in the answer")
	}
	return out, err
}
