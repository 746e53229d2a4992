package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/wxoauth/wxoauth/internal/redisvisit"
	"github.com/wxoauth/wxoauth/sessionstore"
)

var _ sessionstore.Ender = (*Store)(nil)

// The sessions of one subject are listed in a sorted set: the last part of each one's key, with the
// time at which it ends by itself, in unix microseconds of Redis' own clock. No other clock is asked.
// The list is trimmed at each login, and gone with the last session. After EndAll it has two marks,
// which end after a minute as a session would:
//
//	ended   so it says a minute later than when EndAll took effect
//	untold  is there until the caller of EndAll knows that it took effect
const (
	untold    = "untold"
	endRounds = 10 // of EndAll, while the user logs in again and again

	// maxSessions bounds the sessions of one subject, about 1 MB. Whoever logs in again and again, or has
	// himself handed over, ends sessions of his own.
	maxSessions = 1000
	maxEnded    = 10 // at one login
)

//nolint:gochecknoglobals // constants but for their sums
var (
	// saveScript stores a new session. It returns -1, and stores nothing, if the login began before
	// its subject's sessions were ended; how many microseconds after that, if it began after; and 0 if
	// they were not ended lately. Behind that it says how long the list is. The age of the login is measured before the script is sent, so that
	// the login may have begun earlier by as much as the script was on its way.
	saveScript = redisvisit.NewScript(`local session, list = KEYS[1], KEYS[2]
local record, life, age, member, minute = ARGV[1], ARGV[2] * 1000, ARGV[3], ARGV[4], 6e7
local t = redis.call('TIME')
local now, after = t[1] * 1e6 + t[2], 0
redis.call('ZREMRANGEBYSCORE', list, '-inf', now)
local mark = redis.call('ZSCORE', list, 'ended')
if mark then after = now - age - (mark - minute) end
if after < 0 then return {-1, 0} end
redis.call('SET', session, record, 'PX', ARGV[2])
redis.call('ZADD', list, now + life, member)
if redis.call('PTTL', list) * 1000 < life then
	redis.call('PEXPIREAT', list, string.format('%.0f', (now + life) / 1000))
end
return {after, redis.call('ZCARD', list)}`)

	// endScript deletes the sessions that were found in the list, and leaves the mark, unless the list
	// has got more: then it returns 0. If the last EndAll has taken effect and nobody was told, then
	// this is its repeat, and there is nothing to do.
	endScript = redisvisit.NewScript(`local list, minute = KEYS[1], 6e7
local t = redis.call('TIME')
local now = t[1] * 1e6 + t[2]
redis.call('ZREMRANGEBYSCORE', list, '-inf', now)
if redis.call('ZSCORE', list, 'untold') then return 1 end
for i = 2, #KEYS do
	redis.call('DEL', KEYS[i])
	redis.call('ZREM', list, ARGV[i - 1])
end
local marks = 0
if redis.call('ZSCORE', list, 'ended') then marks = 1 end
if redis.call('ZCARD', list) > marks then return 0 end
redis.call('ZADD', list, now + minute, 'ended', now + minute, 'untold')
redis.call('PEXPIRE', list, 60000)
return 1`)
)

// saveNew stores a session of a subject under its new key, in one round trip.
func (s *Store) saveNew(ctx context.Context, id, key, sealed string, life time.Duration, login sessionstore.Login) error {
	asked := time.Now()
	var age time.Duration
	if !login.Began.IsZero() {
		age = max(0, asked.Sub(login.Began))
	}
	told, err := s.redis.Run(ctx, saveScript, []string{key, s.listKey(tagOf(id))},
		sealed, milliseconds(life), strconv.FormatInt(age.Microseconds(), 10), memberOf(key)).AsIntSlice()
	if err == nil && len(told) != 2 {
		err = errGarbled
	}
	if err != nil {
		return wrap("save a session", err)
	}
	after, listed := told[0], told[1]
	if after == 0 || time.Duration(after)*time.Microsecond > time.Since(asked) {
		if listed > maxSessions {
			s.makeRoom(ctx, tagOf(id), key, listed-maxSessions)
		}
		return nil
	}
	if after > 0 { // perhaps it began before, and nobody has the id yet
		_ = s.remove(ctx, id, key)
	}
	return sessionstore.ErrEnded
}

// makeRoom ends as many sessions of an owner, those that would end first, but not the one under kept.
// What fails the next login tries again.
func (s *Store) makeRoom(ctx context.Context, tag, kept string, surplus int64) {
	list, b := s.listKey(tag), s.redis.Client.B()
	surplus = min(surplus, maxEnded)
	members, _ := s.redis.Do(ctx, b.Zrange().Key(list).Min("0").Max(strconv.FormatInt(surplus, 10)).Build()).AsStrSlice()
	for _, member := range members {
		key := s.keyOf(tag, member)
		if len(member) != memberLength || key == kept || surplus == 0 {
			continue
		}
		surplus--
		_ = s.redis.DoBoth(ctx, b.Del().Key(key).Build().ToRetryable(), b.Zrem().Key(list).Member(member).Build().ToRetryable())
	}
}

// remove deletes the session of an id, which is stored under key.
func (s *Store) remove(ctx context.Context, id, key string) error {
	b := s.redis.Client.B()
	record := b.Del().Key(key).Build().ToRetryable()
	if tag := tagOf(id); tag != "" {
		listed := b.Zrem().Key(s.listKey(tag)).Member(memberOf(key)).Build().ToRetryable()
		return s.announced(ctx, key, s.redis.DoBoth(ctx, record, listed))
	}
	return s.announced(ctx, key, s.redis.Do(ctx, record).Error())
}

// EndAll ends all sessions of subject, on every replica within the time of a message; see
// [sessionstore.Ender]. Sessions of an earlier version of this package, whose ids are 43 characters
// long, are not known by subject: they live until they end by themselves.
func (s *Store) EndAll(ctx context.Context, subject string) error {
	const op = "end a user's sessions"
	owner := ownerOf(subject)
	tag := encoding.EncodeToString(owner[:])
	list := s.listKey(tag)
	for range endRounds {
		members, err := s.redis.Do(ctx, s.redis.Client.B().Zrange().Key(list).Min("0").Max("-1").Build()).AsStrSlice()
		if err != nil {
			return wrap(op, err)
		}
		members = slices.DeleteFunc(members, func(member string) bool { return len(member) != memberLength }) // a mark
		keys := []string{list}
		for _, member := range members {
			keys = append(keys, s.keyOf(tag, member))
		}
		done, err := s.redis.Run(ctx, endScript, keys, members...).AsBool()
		if err != nil {
			return wrap(op, err)
		}
		if done {
			told := s.redis.Do(ctx, s.redis.Client.B().Zrem().Key(list).Member(untold).Build().ToRetryable())
			return wrap(op, s.announced(ctx, list, told.Error()))
		}
	}
	return wrap(op, fmt.Errorf("%w again and again", errLoggingIn))
}

var errLoggingIn = errors.New("the user logs in")

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }
