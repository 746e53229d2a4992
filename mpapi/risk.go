package mpapi

import (
	"context"
	"errors"
	"net/netip"

	"github.com/wxoauth/wxoauth/core"
)

// RiskService rates how risky users are.
type RiskService struct{ core *core.Client }

// UserRiskRankRequest is a user and what the user does.
type UserRiskRankRequest struct {
	// Must have opened the mini program in the last 2 hours.
	OpenID string `json:"openid"`
	// 0 registration, 1 abuse of a promotion, 2 content by users.
	Scene        int    `json:"scene"`
	ClientIP     string `json:"client_ip"`               // the user's address, IPv4 or IPv6
	MobileNo     string `json:"mobile_no,omitempty"`     // optional, as are those that follow
	EmailAddress string `json:"email_address,omitempty"` // the user's
	ExtendedInfo string `json:"extended_info,omitempty"` // whatever else is known
	BankCardNo   string `json:"bank_card_no,omitempty"`  // the user's
	CertNo       string `json:"cert_no,omitempty"`       // number of an identity document
	// A call for testing: no visit in the last 2 hours is needed.
	IsTest bool `json:"is_test,omitempty"`
}

func (r UserRiskRankRequest) check() error {
	var ip error
	if _, err := netip.ParseAddr(r.ClientIP); err != nil {
		ip = &InputError{"client_ip", "must be an IP address"}
	}
	return errors.Join(
		required("openid", r.OpenID),
		oneOf("scene", r.Scene, 0, 1, 2),
		ip,
	)
}

// A UserRiskRankResult is WeChat's rating of a user.
type UserRiskRankResult struct {
	RiskRank int // 0 to 4, higher is riskier
	// WeChat's number of this call, to quote to its support. The spelling is WeChat's, and it is
	// not a unionid.
	UnoinID int64
}

// UserRiskRank asks how risky a user is. Errors: [core.ErrNoRecentVisit] unless IsTest, code 61080
// while the service is unavailable, 61081 for too many calls, 9410009 once the quota of test calls
// is spent.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/safety-control-capability/getUserRiskRank.html
func (s RiskService) UserRiskRank(
	ctx context.Context, req UserRiskRankRequest,
) (*UserRiskRankResult, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	r := core.Post("/wxa/getuserriskrank", struct {
		AppID string `json:"appid"`
		UserRiskRankRequest
	}{s.core.AppID(), req})
	r.Hide = []string{req.MobileNo, req.EmailAddress, req.BankCardNo, req.CertNo, req.ExtendedInfo}
	answer, err := core.Call[struct {
		RiskRank *core.Int `json:"risk_rank"`
		UnoinID  core.Int  `json:"unoin_id"`
	}](ctx, s.core, r)
	switch {
	case err != nil:
		return nil, err
	case answer.RiskRank == nil:
		return nil, r.BadAnswer("no risk_rank in the answer")
	}
	return &UserRiskRankResult{int(*answer.RiskRank), int64(answer.UnoinID)}, nil
}
