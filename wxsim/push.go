package wxsim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat signs with it
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A PushMode is how messages are encrypted. As text it is safe, compat or plain.
type PushMode int

// The three modes of WeChat's console.
const (
	PushSafe   PushMode = iota // only the encrypted message
	PushCompat                 // the message in the clear and encrypted
	PushPlain                  // only in the clear
)

// MarshalText returns the mode as a word.
func (m PushMode) MarshalText() ([]byte, error) { return word(m, pushModes()) }

// UnmarshalText reads the word.
func (m *PushMode) UnmarshalText(text []byte) (err error) {
	*m, err = fromWord[PushMode](text, pushModes())
	return err
}

func pushModes() []string { return []string{"safe", "compat", "plain"} }

// A PushFormat is the format of messages. As text it is json or xml.
type PushFormat int

// The two formats of WeChat's console.
const (
	PushJSON PushFormat = iota
	PushXML
)

// MarshalText returns the format as a word.
func (f PushFormat) MarshalText() ([]byte, error) { return word(f, pushFormats()) }

// UnmarshalText reads the word.
func (f *PushFormat) UnmarshalText(text []byte) (err error) {
	*f, err = fromWord[PushFormat](text, pushFormats())
	return err
}

func pushFormats() []string { return []string{"json", "xml"} }

func word[T ~int](number T, words []string) ([]byte, error) {
	if number < 0 || int(number) >= len(words) {
		return nil, fmt.Errorf("wxsim: %d is none of %s", number, strings.Join(words, ", "))
	}
	return []byte(words[number]), nil
}

func fromWord[T ~int](text []byte, words []string) (T, error) {
	i := slices.Index(words, strings.ToLower(string(text)))
	if i < 0 {
		return 0, fmt.Errorf("must be one of %s", strings.Join(words, ", "))
	}
	return T(i), nil
}

// A PushTarget is where messages of an app are pushed, as entered in WeChat's console.
type PushTarget struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	// 43 characters; not needed in plain mode.
	EncodingAESKey string     `json:"encoding_aes_key,omitempty"`
	Mode           PushMode   `json:"mode"`
	Format         PushFormat `json:"format"`
}

// check returns the first fault.
func (t *PushTarget) check() *FieldError {
	switch _, badKey := (PushConfig{EncodingAESKey: t.EncodingAESKey}).key(); {
	case webURL(t.URL) == nil:
		return &FieldError{"push.url", "is not an http or https URL"}
	case t.Token == "":
		return &FieldError{"push.token", "is empty"}
	case t.Mode != PushPlain && badKey != nil:
		return &FieldError{"push.encoding_aes_key", "is not 43 characters of base64"}
	}
	return nil
}

// config returns the settings for a push of an event.
func (t *PushTarget) config(e Event) PushConfig {
	return PushConfig{
		Token: t.Token, EncodingAESKey: t.EncodingAESKey, Mode: t.Mode, AppID: e.AppID,
		OpenID: e.OpenID,
	}
}

// webURL returns an absolute http or https URL, or nil for any other text.
func webURL(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil
	}
	return u
}

// A PushConfig has the settings of a message push in WeChat's console.
type PushConfig struct {
	Token          string
	EncodingAESKey string // 43 characters; not needed in plain mode
	AppID          string // default: the mini program's
	Mode           PushMode

	OpenID    string    // in the query; default: the first user of the mini program
	Timestamp time.Time // default: the simulator's now
	Nonce     string    // default: made up

	// Blanks puts blanks around the CDATA of an XML event, as some of WeChat's samples have them.
	Blanks bool
}

// pushTimeout is how long WeChat waits for an answer.
const pushTimeout = 5 * time.Second

// pushBlock is the block of the padding, in bytes. The cipher's own is 16.
const pushBlock = 32

// Push sends an event to a URL as WeChat does, but only once, and returns the answer, whose body
// the caller closes. The event is the unencrypted message, JSON or XML, for example of
// [Server.MediaCheckEvent] or [Server.AuthorizationEvent].
func (s *Server) Push(
	ctx context.Context, target string, p PushConfig, event []byte,
) (*http.Response, error) {
	r, err := s.NewPush(ctx, target, p, event)
	if err != nil {
		return nil, err
	}
	return send(r)
}

// send sends r. It follows no redirects, and its errors contain no URL.
func send(r *http.Request) (*http.Response, error) {
	client := &http.Client{
		Timeout:   pushTimeout,
		Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	resp, err := client.Do(r)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return nil, fmt.Errorf("wxsim: push: %w", failed.Err)
	}
	return resp, err
}

// NewPush returns the request that [Server.Push] sends, for tests that change it or send it
// without a network.
func (s *Server) NewPush(
	ctx context.Context, target string, p PushConfig, event []byte,
) (*http.Request, error) {
	p = s.complete(p)
	if p.Blanks {
		event = bytes.ReplaceAll(event, []byte("><![CDATA["), []byte("> <![CDATA["))
		event = bytes.ReplaceAll(event, []byte("]]><"), []byte("]]> <"))
	}
	query := p.query()
	body := event
	if p.Mode != PushPlain {
		sealed, err := p.seal(event)
		if err != nil {
			return nil, err
		}
		query.Set("encrypt_type", "aes")
		query.Set("msg_signature", sign(p.Token, query.Get("timestamp"), p.Nonce, sealed))
		if body, err = p.envelope(event, sealed); err != nil {
			return nil, err
		}
	}
	r, err := newRequest(ctx, http.MethodPost, target, query, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if looksLikeXML(event) {
		r.Header.Set("Content-Type", "text/xml")
	}
	r.Header.Set("User-Agent", "Mozilla/4.0")
	return r, nil
}

// VerifyPushURL checks a URL as WeChat's console does: it sends an echostr, which must come back
// unchanged.
func (s *Server) VerifyPushURL(ctx context.Context, target string, p PushConfig) error {
	p = s.complete(p)
	query := p.query()
	query.Del("openid")
	echo := randomText(19, "0123456789")
	query.Set("echostr", echo)
	r, err := newRequest(ctx, http.MethodGet, target, query, nil)
	if err != nil {
		return err
	}
	resp, err := send(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || string(body) != echo {
		return fmt.Errorf("wxsim: the URL answered status %d and not the echostr", resp.StatusCode)
	}
	return nil
}

// OpenReply checks and decrypts an encrypted answer to a push, JSON or XML.
func (s *Server) OpenReply(p PushConfig, body []byte) ([]byte, error) {
	p = s.complete(p)
	var reply struct {
		Encrypt      string
		MsgSignature string
		TimeStamp    json.Number
		Nonce        string
	}
	unmarshal := json.Unmarshal
	if looksLikeXML(body) {
		unmarshal = xml.Unmarshal
	}
	if err := unmarshal(body, &reply); err != nil {
		return nil, fmt.Errorf("wxsim: reply: %w", err)
	}
	if sign(p.Token, reply.TimeStamp.String(), reply.Nonce, reply.Encrypt) != reply.MsgSignature {
		return nil, errors.New("wxsim: reply: bad MsgSignature")
	}
	return p.open(reply.Encrypt)
}

// complete returns p with its defaults.
func (s *Server) complete(p PushConfig) PushConfig {
	p.AppID = cmp.Or(p.AppID, s.MiniAppID())
	p.OpenID = cmp.Or(p.OpenID, s.OpenID(s.MiniAppID(), s.Users()[0]))
	p.Nonce = cmp.Or(p.Nonce, randomText(9, "123456789"))
	if p.Timestamp.IsZero() {
		p.Timestamp = s.Now()
	}
	return p
}

// query returns the query of a push, with the signature that does not cover the body.
func (p PushConfig) query() url.Values {
	timestamp := strconv.FormatInt(p.Timestamp.Unix(), 10)
	return url.Values{
		"signature": {sign(p.Token, timestamp, p.Nonce)},
		"timestamp": {timestamp},
		"nonce":     {p.Nonce},
		"openid":    {p.OpenID},
	}
}

// sign returns the SHA-1 of the sorted parts, in lower-case hex.
func sign(parts ...string) string {
	slices.Sort(parts)
	//nolint:gosec // the hash that WeChat signs with
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// key returns the AES key. The last bits of an EncodingAESKey have no meaning and may be set.
func (p PushConfig) key() ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(p.EncodingAESKey + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("wxsim: EncodingAESKey is not 43 characters of base64")
	}
	return key, nil
}

// seal encrypts 16 random bytes, the length of the message, the message and the appid.
func (p PushConfig) seal(event []byte) (string, error) {
	key, err := p.key()
	if err != nil {
		return "", err
	}
	text := make([]byte, 16, 20+len(event)+len(p.AppID))
	_, _ = rand.Read(text) // never fails
	text = binary.BigEndian.AppendUint32(text, uint32(len(event)))
	text = append(append(text, event...), p.AppID...)
	sealed, err := encryptCBC(key, key[:aes.BlockSize], pad(text, pushBlock))
	return base64.StdEncoding.EncodeToString(sealed), err
}

// open is the reverse of seal.
func (p PushConfig) open(sealed string) ([]byte, error) {
	key, err := p.key()
	if err != nil {
		return nil, err
	}
	text, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(text) == 0 || len(text)%pushBlock != 0 {
		return nil, errors.New("wxsim: Encrypt is not base64 of whole blocks")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(text, text)
	padding := int(text[len(text)-1])
	if padding < 1 || padding > pushBlock || len(text)-padding < 20 {
		return nil, errors.New("wxsim: Encrypt has a bad padding")
	}
	rest := text[20 : len(text)-padding]
	length := int(binary.BigEndian.Uint32(text[16:20]))
	if length > len(rest) || string(rest[length:]) != p.AppID {
		return nil, errors.New("wxsim: Encrypt does not end with the appid")
	}
	return rest[:length], nil
}

func looksLikeXML(event []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(event), []byte("<")) }

// envelope returns the body with an encrypted event. In compat mode it also has all fields of the
// event.
func (p PushConfig) envelope(event []byte, sealed string) ([]byte, error) {
	if looksLikeXML(event) {
		return p.xmlEnvelope(event, sealed)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		return nil, fmt.Errorf("wxsim: event: %w", err)
	}
	to, ok := fields["ToUserName"]
	if !ok {
		return nil, errors.New("wxsim: event has no ToUserName")
	}
	if p.Mode == PushSafe {
		return []byte(object("ToUserName", rawJSON(to), "Encrypt", sealed)), nil
	}
	end := bytes.LastIndexByte(event, '}')
	return slices.Concat(event[:end], []byte(`,"Encrypt":`+quote(sealed)+`}`)), nil
}

func (p PushConfig) xmlEnvelope(event []byte, sealed string) ([]byte, error) {
	var fields struct{ ToUserName string }
	if err := xml.Unmarshal(event, &fields); err != nil {
		return nil, fmt.Errorf("wxsim: event: %w", err)
	}
	encrypt := "<Encrypt><![CDATA[" + sealed + "]]></Encrypt>"
	if p.Mode == PushSafe {
		return []byte("<xml><ToUserName><![CDATA[" + fields.ToUserName + "]]></ToUserName>" +
			encrypt + "</xml>"), nil
	}
	end := bytes.LastIndex(event, []byte("</"))
	return slices.Concat(event[:end], []byte(encrypt), event[end:]), nil
}

// newRequest makes a request for target and appends to the query that it may have.
func newRequest(
	ctx context.Context, method, target string, more url.Values, body []byte,
) (*http.Request, error) {
	u := webURL(target)
	if u == nil {
		return nil, errors.New("wxsim: the push URL is not an http or https URL")
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += more.Encode()
	return http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
}
