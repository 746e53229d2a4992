package wxsim

import (
	"cmp"
	"time"
)

// A Payment is a payment of a user in the mini program.
type Payment struct {
	TransactionID string `json:"transaction_id"`
	MchID         string `json:"mch_id"`
	OutTradeNo    string `json:"out_trade_no"`
}

// paid is a payment and its payer.
type paid struct {
	Payment

	person *person
}

// paymentMemory is how long getpaidunionid knows a payment.
const paymentMemory = 5 * time.Minute

// Pay makes a payment of a user, after which getpaidunionid answers for five minutes. The Payment
// is empty for an unknown openid.
func (s *Server) Pay(openID string) Payment {
	return withPerson(s, openID, func(w *world, k known) Payment {
		made := paid{
			Payment{
				"42000" + randomText(23, "0123456789"), "1900000109", randomText(20, "0123456789"),
			},
			k.person,
		}
		w.payments.put(made.TransactionID, made, w.now)
		w.payments.put(made.MchID+" "+made.OutTradeNo, made, w.now)
		return made.Payment
	})
}

// paidUnionID is GET /wxa/getpaidunionid.
func paidUnionID(w *world, r *request) answer {
	p, refused := w.visitor(r.app, r.query.Get("openid"))
	if refused != 0 {
		return r.refuse(40003)
	}
	name := cmp.Or(r.query.Get("transaction_id"),
		r.query.Get("mch_id")+" "+r.query.Get("out_trade_no"))
	found, ok := w.payments.get(name, w.now)
	switch {
	case !ok || found.person != p:
		return r.refuse(89300)
	case p.NoUnionID:
		return r.refuse(89002)
	}
	return r.ok(object("unionid", p.UnionID, "errcode", 0, "errmsg", "ok"))
}
