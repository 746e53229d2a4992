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

// A ticket is what the code on a desktop's page stands for. Its text is 32 characters, so that it
// also fits the scene of a mini program's code or of createQRCode:
//
//	4 issue time | 8 random | 1 browser, system, profile | 11 of an HMAC over the rest
//
// in base64. The HMAC's key is derived with the appid and Config.Name. The number that the user is
// asked for follows from the rest, too, so nothing is stored about a ticket before a phone opens it.
type ticket struct {
	text    string
	issued  time.Time
	browser int // index of browserNames
	system  int // index of systemNames
	scope   Scope
	number  int    // what the desktop shows, 10 to 99
	choices [3]int // what the phone shows, number among them
}

const (
	ticketBody = 4 + 8 + 1
	ticketMAC  = 11
	ticketSize = ticketBody + ticketMAC
	ticketLife = 5 * time.Minute // for a phone to open and confirm it
	ticketRest = time.Minute     // and then for the desktop to come back
)

var ticketText = base64.RawURLEncoding //nolint:gochecknoglobals // an immutable alphabet

// tickets issues and reads the tickets of one Auth.
type tickets struct {
	keys [][]byte         // the first signs, all read
	now  func() time.Time // this process's clock

	// ahead is by how many seconds the fleet's fastest clock is known to be ahead of now. Each
	// ticket tells its replica's time, and a replica whose clock is slow goes by the fast one's: its
	// tickets would be old elsewhere before a phone has seen them.
	ahead atomic.Int64
}

func newTickets(cfg Config) (*tickets, error) {
	keys, err := cfg.derive("ticket " + cfg.Name)
	return &tickets{keys: keys, now: time.Now}, err
}

// time is the fleet's.
func (t *tickets) time() time.Time {
	return t.now().Add(time.Duration(t.ahead.Load()) * time.Second)
}

// issue makes a ticket for a browser, on a page that asks for scope.
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

// parse returns the ticket that we made with that text, and that a phone may still open.
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

// open returns the ticket that we made with those bytes, unless it is too old even for its desktop.
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
	case lead > time.Duration(t.ahead.Load())*time.Second:
		t.ahead.Store(int64(lead/time.Second) + 1)
	}
	return found, t.age(found) <= ticketLife+ticketRest
}

// age is how long ago the ticket was issued.
func (t *tickets) age(of ticket) time.Duration { return t.time().Sub(of.issued) }

// read is the ticket that key signs with that body.
func (t *tickets) read(body, key []byte) ticket {
	raw := append(append(make([]byte, 0, ticketSize), body...), ticketSum(key, 'm', body)[:ticketMAC]...)
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

// raw is the ticket's text as bytes.
func (t ticket) raw() []byte {
	raw, _ := ticketText.DecodeString(t.text) // we have written it
	return raw
}

// ticketSum is an HMAC for one purpose.
func ticketSum(key []byte, purpose byte, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte{purpose})
	mac.Write(body)
	return mac.Sum(nil)
}

// drawNumbers draws three numbers of two digits from random bytes, and one of them.
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
