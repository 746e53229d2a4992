package wxsim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat signs rawData with it
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

const (
	// sessionKeyLife is how long a session_key works. WeChat names no figure.
	sessionKeyLife = 3 * 24 * time.Hour
	// encryptedDataMemory is how long checkencryptedmsg knows encrypted data.
	encryptedDataMemory = 3 * 24 * time.Hour
	// visitMemory is how long a visit of the mini program counts for content checks.
	visitMemory = 2 * time.Hour
)

// sessionEndpoints are chapter 5: who uses the mini program.
func (s *Server) sessionEndpoints() []endpoint {
	mini := []appKind{miniProgram}
	signed := []field{{"openid", aText, 41009}, {"sig_method", aText, 87008}, {"signature", aText, 87009}}
	return []endpoint{
		{method: http.MethodGet, path: "/sns/jscode2session", run: s.code2Session},
		{method: http.MethodGet, path: "/wxa/checksession", callers: mini, fields: signed, check: s.checkSession, sample: okMessage},
		{method: http.MethodGet, path: "/wxa/resetusersessionkey", callers: mini, fields: signed, run: s.resetSessionKey},
		{
			method: http.MethodPost, path: "/wxa/business/getuserphonenumber", callers: mini,
			fields: []field{{"code", aText, 47001}}, run: s.phoneNumber,
		},
		{
			method: http.MethodPost, path: "/wxa/business/checkencryptedmsg", callers: mini,
			fields: []field{{"encrypted_msg_hash", aText, 47001}}, run: s.checkEncryptedData,
		},
		{
			method: http.MethodPost, path: "/wxa/getpluginopenpid", callers: mini,
			fields: []field{{"code", aText, 1001}}, run: s.pluginOpenPID,
		},
		{
			method: http.MethodGet, path: "/wxa/getpaidunionid", callers: mini,
			fields: []field{{"openid", aText, 40003}}, run: s.paidUnionID,
		},
	}
}

// mini is the mini program.
func (s *Server) mini() *app { return s.apps[miniProgram] }

// visitor finds the user whom the mini program knows under an openid: 40003 for nobody, 43104
// when it is the user's openid at another app.
func (s *Server) visitor(openID string) (*person, int) {
	p := s.people[openID]
	switch {
	case p == nil:
		return nil, 40003
	case s.mini().openID(p.User) != openID:
		return nil, 43104
	}
	return p, 0
}

// NewJSCode is wx.login() of a user: a code for jscode2session. It counts as a visit, and the
// user's session_key is a new one from now on. Any openid of the user will do; the code is empty
// for an unknown one.
func (s *Server) NewJSCode(openID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[openID]
	if p == nil {
		return ""
	}
	p.visited, p.keyMadeAt, p.sessionKey = s.clock.now(), s.clock.now(), newSessionKey()
	return s.issueMini(jsCode, p)
}

// NewPhoneCode is the code that the getPhoneNumber button gives, for getuserphonenumber.
func (s *Server) NewPhoneCode(openID string) string { return s.newMiniCode(phoneCode, openID) }

// NewPluginCode is wx.pluginLogin(): a code for getpluginopenpid.
func (s *Server) NewPluginCode(openID string) string { return s.newMiniCode(pluginCode, openID) }

func (s *Server) newMiniCode(kind codeKind, openID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.people[openID]; p != nil {
		return s.issueMini(kind, p)
	}
	return ""
}

func (s *Server) issueMini(kind codeKind, p *person) string {
	a := s.mini()
	return s.issue(code{kind: kind, app: a, who: a.identity(p, false), sessionKey: p.sessionKey}, s.clock.now())
}

func newSessionKey() string {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// code2Session is GET /sns/jscode2session.
func (s *Server) code2Session(r *request) answer {
	a, refused := s.credentials(r, miniProgram)
	switch {
	case refused != 0:
		return r.refuse(refused)
	case r.query.Get("js_code") == "":
		return r.refuse(41008)
	case r.query.Get("grant_type") != "authorization_code":
		return r.refuse(40002)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, refused := s.spend(r.query.Get("js_code"), jsCode, a, r.now)
	if refused != 0 {
		return r.refuse(refused)
	}
	pairs := []any{"session_key", c.sessionKey, "openid", c.who.openID}
	if c.who.unionID != "" {
		pairs = append(pairs, "unionid", c.who.unionID)
	}
	return r.ok(object(pairs...))
}

// signedBy finds the user of a call that is signed with the session_key: an HMAC of nothing,
// whose key is the session_key's text.
func (s *Server) signedBy(r *request) (*person, int) {
	p, refused := s.visitor(r.query.Get("openid"))
	if refused != 0 {
		return nil, refused
	}
	mac := hmac.New(sha256.New, []byte(p.sessionKey))
	switch {
	case p.sessionKey == "" || r.now.Sub(p.keyMadeAt) >= sessionKeyLife:
		return nil, 87007
	case r.query.Get("sig_method") != "hmac_sha256":
		return nil, 87008
	case !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.query.Get("signature"))):
		return nil, 87009
	}
	return p, 0
}

// checkSession is GET /wxa/checksession.
func (s *Server) checkSession(r *request) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, refused := s.signedBy(r)
	return refused
}

// resetSessionKey is GET /wxa/resetusersessionkey. The new key lives no longer than the old one.
func (s *Server) resetSessionKey(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, refused := s.signedBy(r)
	if refused != 0 {
		return r.refuse(refused)
	}
	p.sessionKey = newSessionKey()
	return r.ok(object("errcode", 0, "errmsg", "ok", "openid", r.query.Get("openid"), "session_key", p.sessionKey))
}

// phoneNumber is POST /wxa/business/getuserphonenumber.
func (s *Server) phoneNumber(r *request) answer {
	var ask struct{ Code, OpenID string }
	if json.Unmarshal(r.body, &ask) != nil {
		return r.refuse(47001)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.codes.get(ask.Code, r.now); ok && ask.OpenID != "" && ask.OpenID != c.who.openID {
		return r.refuse(40003)
	}
	c, refused := s.spend(ask.Code, phoneCode, r.app, r.now)
	if refused != 0 {
		return r.refuse(refused)
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "phone_info", rawJSON(s.phoneData(c.who.person, r.now))))
}

// phoneData is a user's telephone number as WeChat writes it: one of another country keeps its prefix.
func (s *Server) phoneData(p *person, now time.Time) string {
	full, pure, country := p.Phone, p.Phone, "86"
	if prefix, rest, ok := strings.Cut(strings.TrimPrefix(p.Phone, "+"), " "); ok {
		full, pure, country = "+"+prefix+rest, rest, prefix
	}
	return object("phoneNumber", full, "purePhoneNumber", pure, "countryCode", country, "watermark", s.watermark(now))
}

func (s *Server) watermark(now time.Time) rawJSON {
	return rawJSON(object("timestamp", now.Unix(), "appid", s.mini().id))
}

// PhoneData is what the mini program is given, encrypted, about a user's telephone number; see
// [Server.EncryptData]. It is nil for an unknown openid.
func (s *Server) PhoneData(openID string) []byte {
	return s.data(openID, s.phoneData)
}

// UserData is what the mini program is given, encrypted, about a user; see [Server.EncryptData].
// It is nil for an unknown openid.
func (s *Server) UserData(openID string) []byte {
	return s.data(openID, func(p *person, now time.Time) string {
		who := s.mini().identity(p, false)
		pairs := []any{
			"openId", who.openID, "nickName", p.Nickname, "gender", p.Sex, "language", p.Language,
			"city", p.City, "province", p.Province, "country", p.Country, "avatarUrl", p.HeadImgURL,
		}
		if who.unionID != "" {
			pairs = append(pairs, "unionId", who.unionID)
		}
		return object(append(pairs, "watermark", s.watermark(now))...)
	})
}

func (s *Server) data(openID string, write func(*person, time.Time) string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[openID]
	if p == nil {
		return nil
	}
	return []byte(write(p, s.clock.now()))
}

// RawData is what wx.getUserProfile gives in the clear, and its signature with the session_key.
func (s *Server) RawData(openID string) (rawData, signature string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[openID]
	if p == nil || p.sessionKey == "" {
		return "", "", errNoSession
	}
	rawData = object("nickName", p.Nickname, "gender", p.Sex, "language", p.Language,
		"city", p.City, "province", p.Province, "country", p.Country, "avatarUrl", p.HeadImgURL)
	sum := sha1.Sum([]byte(rawData + p.sessionKey)) //nolint:gosec // as WeChat does
	return rawData, hex.EncodeToString(sum[:]), nil
}

var errNoSession = errors.New("wxsim: nobody with this openid has logged in to the mini program")

// EncryptData seals a JSON text with the user's session_key of the moment, as wx.getUserProfile
// and the phone number button do. It fails if the user never logged in; see [Server.NewJSCode].
// Telephone numbers are known to checkencryptedmsg for three days.
func (s *Server) EncryptData(openID string, payload []byte) (encryptedData, iv string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[openID]
	if p == nil || p.sessionKey == "" {
		return "", "", errNoSession
	}
	key, err := base64.StdEncoding.DecodeString(p.sessionKey)
	if err != nil {
		return "", "", err
	}
	vector := make([]byte, aes.BlockSize)
	_, _ = rand.Read(vector) // never fails
	sealed, err := encryptCBC(key, vector, pad(payload, aes.BlockSize))
	if err != nil {
		return "", "", err
	}
	encryptedData = base64.StdEncoding.EncodeToString(sealed)
	if strings.Contains(string(payload), `"phoneNumber"`) {
		s.encrypted.put(sha256Hex(encryptedData), s.clock.now(), s.clock.now())
	}
	return encryptedData, base64.StdEncoding.EncodeToString(vector), nil
}

// pad is PKCS#7. WeChat's block is 16 bytes in encryptedData and 32 in message push.
func pad(data []byte, block int) []byte {
	n := block - len(data)%block
	padded := make([]byte, len(data)+n)
	copy(padded, data)
	for i := range n {
		padded[len(data)+i] = byte(n)
	}
	return padded
}

func encryptCBC(key, iv, padded []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, padded)
	return sealed, nil
}

// checkEncryptedData is POST /wxa/business/checkencryptedmsg. It misspells "valid", as WeChat does.
func (s *Server) checkEncryptedData(r *request) answer {
	var ask struct {
		Hash string `json:"encrypted_msg_hash"`
	}
	if json.Unmarshal(r.body, &ask) != nil || len(ask.Hash) != 64 || strings.Trim(ask.Hash, "0123456789abcdef") != "" {
		return r.refuse(40097)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	made, ok := s.encrypted.get(ask.Hash, r.now)
	if !ok {
		return r.refuse(1)
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "vaild", true, "create_time", made.Unix()))
}

// pluginOpenPID is POST /wxa/getpluginopenpid. A code of another kind is answered 1007 with an
// errmsg that holds nothing but the request id.
func (s *Server) pluginOpenPID(r *request) answer {
	var ask struct{ Code string }
	if json.Unmarshal(r.body, &ask) != nil {
		return r.refuse(1022)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, refused := s.spend(ask.Code, pluginCode, r.app, r.now)
	if refused != 0 {
		return r.refuseWith(1007, "")
	}
	openPID := "G" + derivedID("plugin", c.who.openID)[1:]
	return r.ok(object("errcode", 0, "errmsg", "ok", "openpid", openPID))
}

// A Payment is what a user paid in the mini program.
type Payment struct{ TransactionID, MchID, OutTradeNo string }

// paid is a payment and its payer.
type paid struct {
	Payment

	person *person
}

// paymentMemory is how long getpaidunionid knows a payment.
const paymentMemory = 5 * time.Minute

// Pay is a payment of a user, which lets getpaidunionid answer for five minutes. It is empty for
// an unknown openid.
func (s *Server) Pay(openID string) Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[openID]
	if p == nil {
		return Payment{}
	}
	now := s.clock.now()
	made := paid{Payment{"42000" + randomText(23, "0123456789"), "1900000109", randomText(20, "0123456789")}, p}
	s.payments.put(made.TransactionID, made, now)
	s.payments.put(made.MchID+" "+made.OutTradeNo, made, now)
	return made.Payment
}

// paidUnionID is GET /wxa/getpaidunionid.
func (s *Server) paidUnionID(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, refused := s.visitor(r.query.Get("openid"))
	if refused != 0 {
		return r.refuse(40003)
	}
	name := r.query.Get("transaction_id")
	if name == "" {
		name = r.query.Get("mch_id") + " " + r.query.Get("out_trade_no")
	}
	found, ok := s.payments.get(name, r.now)
	switch {
	case !ok || found.person != p:
		return r.refuse(89300)
	case p.NoUnionID:
		return r.refuse(89002)
	}
	return r.ok(object("unionid", p.UnionID, "errcode", 0, "errmsg", "ok"))
}
