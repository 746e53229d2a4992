package push

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// freshTime is how much CreateTime may differ from our clock.
const freshTime = 10 * time.Minute

var (
	errForged = errors.New("push: not signed by WeChat")
	errStale  = errors.New("push: CreateTime is more than 10 minutes from now")
)

// The forms of timestamp and nonce. They are signed without separators, so without fixed forms a
// signature would also be good for characters moved from one to the other.
var (
	timestampPattern = regexp.MustCompile(`^[0-9]{10}$`)
	noncePattern     = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)
)

// A post is the body of a request that WeChat has signed.
type post struct {
	message []byte  // decrypted
	json    bool    // whether the body around it was JSON; false in Plain mode
	token   string  // with which the signature was made
	nonce   string  // from the query
	cipher  *cipher // with which the message was opened; nil in Plain mode
}

// open verifies and decrypts a request. The mode alone decides what is read: a request must not be
// able to choose. The error is errForged, or with a good signature errDecrypt.
func (h *Handler) open(query url.Values, body []byte) (*post, error) {
	if h.mode == Plain {
		token, nonce, err := h.verify(query, "signature")
		return &post{message: body, token: token, nonce: nonce}, err
	}
	fields, isJSON, err := parse(body)
	text := strings.TrimSpace(fields.Get("Encrypt"))
	if err != nil || len(fields["Encrypt"]) != 1 || text == "" {
		return nil, fmt.Errorf("%w: the body has no single Encrypt", errForged)
	}
	token, nonce, err := h.verify(query, "msg_signature", text)
	if err != nil {
		return nil, err
	}
	for _, c := range h.keys.ciphers {
		if message, err := c.open(text); err == nil {
			return &post{message, isJSON, token, nonce, c}, nil
		}
	}
	return nil, errDecrypt
}

// verify checks the signature that the query has under this name: it covers timestamp, nonce and
// more. verify returns the token with which it was made, and the nonce.
func (h *Handler) verify(
	query url.Values, name string, more ...string,
) (token, nonce string, err error) {
	if !looksSigned(query) {
		return "", "", fmt.Errorf("%w: timestamp or nonce", errForged)
	}
	timestamp, nonce := single(query, "timestamp"), single(query, "nonce")
	for _, token := range h.keys.tokens {
		if signed(token, single(query, name), append(more, timestamp, nonce)...) {
			return token, nonce, nil
		}
	}
	return "", "", fmt.Errorf("%w: %s", errForged, name)
}

// looksSigned reports whether timestamp and nonce have the form of WeChat's.
func looksSigned(query url.Values) bool {
	return timestampPattern.MatchString(single(query, "timestamp")) &&
		noncePattern.MatchString(single(query, "nonce"))
}

// single returns the value of a parameter that comes exactly once.
func single(query url.Values, name string) string {
	if values := query[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// checkFresh refuses an old message. It takes the time inside the message, because the one in the
// query can be changed without breaking the signature.
func checkFresh(m *Message) error {
	if m.CreateTime.IsZero() {
		return malformed("no CreateTime")
	}
	if age := time.Since(m.CreateTime); age.Abs() > freshTime {
		return errStale
	}
	return nil
}
