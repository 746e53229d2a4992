package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"unicode"
)

// A Code is an errcode of WeChat. Test for one with errors.Is(err, core.ErrCodeUsed).
type Code int

// The codes that a program may want to test for. Any other errcode is a Code, too.
//
// WeChat docs: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
const (
	ErrSystemBusy         Code = -1    // WeChat is busy: try again later
	ErrInvalidOpenID      Code = 40003 // there is no such openid at this account
	ErrInvalidAppID       Code = 40013 // the AppID is wrong
	ErrInvalidCode        Code = 40029 // the login code is unknown, expired, or of another appid
	ErrInvalidRefresh     Code = 40030 // the refresh token is unknown
	ErrInvalidSecret      Code = 40125 // wrong AppSecret; also matches 40001 of the token call
	ErrCodeUsed           Code = 40163 // the login code was already exchanged
	ErrIPNotAllowed       Code = 40164 // the caller's IP address is not in the account's whitelist
	ErrBlocked            Code = 40226 // WeChat blocks this user's login for a high risk
	ErrSecretFrozen       Code = 40243 // the AppSecret was frozen in the console
	ErrAppIDMissing       Code = 41002 // no appid was sent
	ErrSecretMissing      Code = 41004 // no secret was sent
	ErrAccessToken        Code = 42001 // the access token was refused; also matches 40001, 40014
	ErrRefreshExpired     Code = 42002 // the refresh token is older than 30 days
	ErrCodeExpired        Code = 42003 // the login code is older than 5 minutes
	ErrGrantRevoked       Code = 42007 // the user changed the password: no token works any more
	ErrQuota              Code = 45009 // the daily quota of this API is spent
	ErrRateLimit          Code = 45011 // too many calls in this minute
	ErrUnauthorizedAPI    Code = 48001 // the account, or the token's scope, may not call this API
	ErrUserRestricted     Code = 50002 // WeChat restricts this user
	ErrInterfaceForbidden Code = 50004 // the account may not fetch tokens
	ErrAccountFrozen      Code = 50007 // WeChat has frozen the account
	ErrNoRecentVisit      Code = 61010 // the user has not opened the mini program within two hours
)

// Error returns the code as WeChat's documentation writes it: "errcode 40163".
func (c Code) Error() string { return fmt.Sprintf("errcode %d", int(c)) }

// Is reports whether target is [ErrAccessToken] and c one of the other two codes that mean the
// same.
func (c Code) Is(target error) bool {
	return target == ErrAccessToken && (c == 40001 || c == 40014)
}

// An Error is a refusal by WeChat, as opposed to a failure on the wire.
type Error struct {
	// "POST /path", without the query, which contains the access token or the AppSecret.
	Op      string
	Code    Code   // never 0
	Message string // errmsg, printable and at most 200 bytes; for logs, not to test for
	RID     string // WeChat's request id, to quote to its support; may be empty

	aboutSecret bool // a 40001 of the token call, which is about the AppSecret
}

// Error returns which call was refused, with errmsg and code.
func (e *Error) Error() string {
	return fmt.Sprintf("wechat: %s: %s (%v)", e.Op, e.Message, e.Code)
}

// Unwrap returns the [Code]. The 40001 of the token call matches [ErrInvalidSecret], too.
func (e *Error) Unwrap() error {
	if e.aboutSecret {
		return secretRefusal(e.Code)
	}
	return e.Code
}

// A secretRefusal is the code 40001 of the token call: there it means a wrong AppSecret, and in
// all other calls a bad access token.
type secretRefusal Code

func (c secretRefusal) Error() string { return Code(c).Error() }

// Is reports whether target is this code or [ErrInvalidSecret]. It is not [ErrAccessToken].
func (c secretRefusal) Is(target error) bool {
	return target == Code(c) || target == ErrInvalidSecret
}

// As sets target to the code, if it is a *Code.
func (c secretRefusal) As(target any) bool {
	code, ok := target.(*Code)
	if ok {
		*code = Code(c)
	}
	return ok
}

// A WireKind is what went wrong between this program and WeChat.
type WireKind string

// The kinds of [WireError].
const (
	WireTimeout     WireKind = "timeout"     // no complete answer in time
	WireUnreachable WireKind = "unreachable" // no connection: DNS, refused, no route
	WireBusy        WireKind = "busy"        // 1,000 calls of this process wait for this API
	WireBroken      WireKind = "broken"      // the connection broke, or what came was not HTTP
	WireStatus      WireKind = "status"      // a status other than 200; redirects are not followed
	WireBody        WireKind = "body"        // not the JSON that WeChat documents, or too large
)

// A WireError is a call that failed without a refusal by WeChat. It never contains a URL, nor
// unwraps to an error that does, because WeChat's URLs contain secrets.
type WireError struct {
	Op     string   // "GET /sns/userinfo"
	Kind   WireKind // what went wrong
	Status int      // the HTTP status if Kind is WireStatus
	Detail string   // for logs: what failed, without data from the request

	cause error // context.Canceled, context.DeadlineExceeded or nil
}

// Error returns which call failed, and how.
func (e *WireError) Error() string {
	return fmt.Sprintf("wechat: %s: %s: %s", e.Op, e.Kind, e.Detail)
}

// Unwrap returns context.Canceled or context.DeadlineExceeded if one of them ended the call.
func (e *WireError) Unwrap() error { return e.cause }

// Timeout reports whether no complete answer came in time.
func (e *WireError) Timeout() bool { return e.Kind == WireTimeout }

func wireError(op string, kind WireKind, detail string, args ...any) *WireError {
	return &WireError{Op: op, Kind: kind, Detail: fmt.Sprintf(detail, args...)}
}

// transportError makes a WireError of a transport's error. The text of that error is not kept,
// because a *url.Error, or the program's own transport, writes the URL into it. If ctx has ended,
// its error decides: the transport may return the cause that the program gave to ctx instead.
func transportError(ctx context.Context, op string, err error) *WireError {
	err = cmp.Or(ctx.Err(), err)
	w := &WireError{Op: op, Kind: WireBroken}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			w.cause = end
		}
	}
	_, dns := errors.AsType[*net.DNSError](err)
	opErr, isOp := errors.AsType[*net.OpError](err)
	switch {
	case timedOut(err):
		w.Kind, w.Detail = WireTimeout, "no answer in time"
	case errors.Is(w.cause, context.Canceled):
		w.Detail = "canceled by the caller"
	case dns:
		w.Kind, w.Detail = WireUnreachable, "host not found"
	case isOp && slices.Contains([]string{"dial", "proxyconnect", "socks connect"}, opErr.Op):
		w.Kind, w.Detail = WireUnreachable, "cannot connect"
	default:
		w.Detail = fmt.Sprintf("connection failed (%T)", innermost(err))
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		w.Detail += ": " + errno.Error()
	}
	return w
}

// timedOut reports whether any error of the chain is a timeout. An outer error may not say so
// although an inner one does.
func timedOut(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if t, ok := err.(interface{ Timeout() bool }); ok && t.Timeout() {
			return true
		}
	}
	return false
}

func innermost(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

// redact removes the values that were sent from a text, because WeChat or a proxy may quote them:
// as they are and as they are escaped in a URL. The longest are removed first, because one may be
// the beginning of another.
func redact(text string, sent []string) string {
	var spellings []string
	for _, v := range sent {
		if len(v) >= 6 { // a shorter one is not a secret and may be a part of an ordinary word
			spellings = append(spellings, v, url.QueryEscape(v), url.PathEscape(v))
		}
	}
	slices.SortFunc(spellings, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, v := range spellings {
		text = strings.ReplaceAll(text, v, redacted)
	}
	return text
}

// cleanMessage returns an errmsg as one line for a log: printable and at most 200 bytes.
func cleanMessage(msg string) string {
	msg = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, msg)
	msg = strings.ToValidUTF8(msg[:min(len(msg), 200)], "") // without half a character at the end
	return strings.Clone(msg)                               // without keeping the rest in memory
}

// requestID returns the id at the end of "invalid code, rid: 652d44d0-1d0af18b-5b069232".
func requestID(msg string) string {
	_, id, _ := strings.Cut(msg, "rid: ")
	if end := strings.IndexFunc(id, func(r rune) bool {
		return !strings.ContainsRune("-0123456789abcdefABCDEF", r)
	}); end >= 0 {
		id = id[:end]
	}
	if len(id) > 64 {
		return "" // WeChat's ids are shorter
	}
	return strings.Clone(id)
}
