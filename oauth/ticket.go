package oauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/wxoauth/wxoauth/internal/clock"
)

// A ticket is the content of the QR code on a desktop's page. Its text has 32 characters, because
// that is the limit for the scene of a mini program's code. It is
//
//	4 issue time | 8 random | 1 browser, system, profile | 11 of an HMAC over the rest
//
// in base64. The key of the HMAC is derived with the AppID and Config.Name. The numbers are
// computed from the ticket, too, so nothing need be stored about a ticket until a phone opens it.
type ticket struct {
	text    string
	issued  time.Time
	browser int // index of browserNames
	system  int // index of systemNames
	scope   Scope
	number  int    // what the desktop shows, 10 to 99
	choices [3]int // what the phone shows, including number
}

const (
	ticketBody = 4 + 8 + 1
	ticketMAC  = 11
	ticketSize = ticketBody + ticketMAC
	ticketLife = 5 * time.Minute // the time for a phone to open and confirm it
	ticketRest = time.Minute     // and then the time for the desktop to sign in
)

var ticketText = base64.RawURLEncoding //nolint:gochecknoglobals // an immutable alphabet

// tickets issues and reads the tickets of one Auth.
type tickets struct {
	keys [][]byte         // the first one signs, each of them verifies
	now  func() time.Time // this process's clock

	// ahead is how many nanoseconds the fastest clock of all replicas is ahead of now, as far as
	// is known from the times in tickets. A replica with a slow clock uses the fast one's time:
	// otherwise the others would take its tickets for old before a phone has opened them. It is
	// never rounded up: two replicas would drive each other on with every ticket, until they
	// refuse each other's as coming from the future.
	ahead atomic.Int64
}

func newTickets(cfg Config) (*tickets, error) {
	keys, err := cfg.derive("ticket " + cfg.Name)
	return &tickets{keys: keys, now: time.Now}, err
}

// time returns the time of the fastest known clock.
func (t *tickets) time() time.Time {
	return t.now().Add(time.Duration(t.ahead.Load()))
}

// issue makes a ticket for a browser and a page that needs scope.
func (t *tickets) issue(userAgent string, scope Scope) ticket {
	var body [ticketBody]byte
	binary.BigEndian.PutUint32(body[:], uint32(t.time().Unix())) // good until 2106
	_, _ = rand.Read(body[4:12])                                 // never fails
	browser, system := recognize(userAgent)
	body[12] = byte(browser<<4 | system<<1)
	if scope.covers(ScopeUserInfo) {
		body[12] |= 1
	}
	return t.read(body[:], t.keys[0])
}

// parse returns the ticket with this text, and whether it was made here and a phone may still open
// it.
func (t *tickets) parse(text string) (ticket, bool) {
	if len(text) != ticketText.EncodedLen(ticketSize) {
		return ticket{}, false
	}
	raw, err := ticketText.DecodeString(text)
	if err != nil || len(raw) != ticketSize {
		return ticket{}, false
	}
	found, ok := t.open(raw)
	return found, ok && t.age(found) <= ticketLife
}

// open returns the ticket with these bytes, and whether it was made here and its desktop may still
// use it.
func (t *tickets) open(raw []byte) (ticket, bool) {
	body, mac := raw[:ticketBody], raw[ticketBody:]
	var signer []byte
	for _, key := range t.keys {
		if hmac.Equal(mac, ticketSum(key, 'm', body)[:ticketMAC]) {
			signer = key
		}
	}
	if signer == nil || int(body[12]>>4) >= len(browserNames) {
		return ticket{}, false
	}
	found := t.read(body, signer)
	switch lead := found.issued.Sub(t.now()); {
	case lead > clock.Skew:
		return ticket{}, false
	case lead > time.Duration(t.ahead.Load()):
		t.ahead.Store(int64(lead))
	}
	return found, t.age(found) <= ticketLife+ticketRest
}

// age returns how long ago the ticket was issued.
func (t *tickets) age(of ticket) time.Duration { return t.time().Sub(of.issued) }

// read returns the ticket with this body, signed with key.
func (t *tickets) read(body, key []byte) ticket {
	raw := append(append(make([]byte, 0, ticketSize), body...),
		ticketSum(key, 'm', body)[:ticketMAC]...)
	found := ticket{
		text:    ticketText.EncodeToString(raw),
		issued:  time.Unix(int64(binary.BigEndian.Uint32(body)), 0),
		browser: int(body[12] >> 4),
		system:  int(body[12] >> 1 & 7),
		scope:   ScopeBase,
	}
	if body[12]&1 == 1 {
		found.scope = ScopeUserInfo
	}
	found.number, found.choices = drawNumbers(ticketSum(key, 'n', body))
	return found
}

// raw returns the bytes of the ticket's text.
func (t ticket) raw() []byte {
	raw, _ := ticketText.DecodeString(t.text) // cannot fail: the text was made here
	return raw
}

// ticketSum returns the HMAC of body for one purpose.
func ticketSum(key []byte, purpose byte, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte{purpose})
	mac.Write(body)
	return mac.Sum(nil)
}

// drawNumbers makes three different numbers of two digits from random bytes, and chooses one of
// them.
func drawNumbers(random []byte) (number int, choices [3]int) {
	var pool [90]int
	for i := range pool {
		pool[i] = 10 + i
	}
	for i := range choices {
		j := i + int(binary.BigEndian.Uint16(random[2*i:]))%(len(pool)-i)
		pool[i], pool[j] = pool[j], pool[i]
		choices[i] = pool[i]
	}
	return choices[int(random[6])%len(choices)], choices
}
