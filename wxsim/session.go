package wxsim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"
)

// sessionKeyLife is how long a session_key works. WeChat names no figure.
const sessionKeyLife = 3 * 24 * time.Hour

// sessionEndpoints are the APIs about the users of a mini program.
func sessionEndpoints() []endpoint {
	signed := func(path string, run func(*world, *request) answer) endpoint {
		return get(path, run).from(MiniProgram).need("openid", aText, 41009).
			need("sig_method", aText, 87008).need("signature", aText, 87009)
	}
	return []endpoint{
		get("/sns/jscode2session", code2Session),
		signed("/wxa/checksession", fixed(checkSession, okMessage)),
		signed("/wxa/business/getuserencryptkey", userEncryptKeys).or(http.MethodPost),
		signed("/wxa/resetusersessionkey", resetSessionKey),
		post("/wxa/business/getuserphonenumber", body(phoneNumber)).from(MiniProgram).
			need("code", aText, 47001),
		post("/wxa/business/checkencryptedmsg", body(checkEncryptedData)).from(MiniProgram).
			need("encrypted_msg_hash", aText, 47001),
		post("/wxa/getpluginopenpid", body(pluginOpenPID)).from(MiniProgram).
			need("code", aText, 1001),
		get("/wxa/getpaidunionid", paidUnionID).from(MiniProgram).need("openid", aText, 40003),
	}
}

// visitor returns the user with this openid at a mini program, or the code of the refusal: 40003
// if there is none, 43104 if it is an openid at another app.
func (w *world) visitor(a *app, openID string) (*person, int) {
	p := w.people[openID].person
	switch {
	case p == nil:
		return nil, 40003
	case a.openID(p.User) != openID:
		return nil, 43104
	}
	return p, 0
}

func newSessionKey() string {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// code2Session is GET /sns/jscode2session.
func code2Session(w *world, r *request) answer {
	a, refused := credentials(w, r, MiniProgram)
	if refused != 0 {
		return r.refuse(refused)
	}
	return openSession(w, r, a, nil)
}

// openSession answers a code of wx.login() with the session_key.
func openSession(w *world, r *request, a, _ *app) answer {
	switch {
	case r.query.Get("js_code") == "":
		return r.refuse(41008)
	case r.query.Get("grant_type") != "authorization_code":
		return r.refuse(40002)
	}
	c, refused := w.spend(r.query.Get("js_code"), jsCode, a)
	if refused != 0 {
		return r.refuse(refused)
	}
	pairs := []any{"openid", c.who.openID, "session_key", c.sessionKey}
	if c.who.unionID != "" {
		pairs = append(pairs, "unionid", c.who.unionID)
	}
	return r.ok(object(pairs...))
}

// signedBy returns the visit of a call that is signed with the session_key: with an HMAC of the
// body, which is empty, whose key is the text of the session_key.
func signedBy(w *world, r *request) (*visit, int) {
	p, refused := w.visitor(r.app, r.query.Get("openid"))
	if refused != 0 {
		return nil, refused
	}
	v := p.visit(r.app)
	mac := hmac.New(sha256.New, []byte(v.SessionKey))
	mac.Write(r.body)
	switch {
	case v.SessionKey == "" || w.now.Sub(v.KeyMadeAt) >= sessionKeyLife:
		return nil, 87007
	case r.query.Get("sig_method") != "hmac_sha256":
		return nil, 87008
	case !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.query.Get("signature"))):
		return nil, 87009
	}
	return v, 0
}

// checkSession is GET /wxa/checksession.
func checkSession(w *world, r *request) int {
	_, refused := signedBy(w, r)
	return refused
}

// resetSessionKey is GET /wxa/resetusersessionkey. The new key does not last longer than the old
// one.
func resetSessionKey(w *world, r *request) answer {
	v, refused := signedBy(w, r)
	if refused != 0 {
		return r.refuse(refused)
	}
	v.SessionKey = newSessionKey()
	return r.ok(object("errcode", 0, "errmsg", "ok", "openid", r.query.Get("openid"), "session_key",
		v.SessionKey))
}
