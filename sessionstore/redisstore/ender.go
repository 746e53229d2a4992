package redisstore

import (
	"context"
	"strconv"
	"time"

	"github.com/wxoauth/wxoauth/internal/redisvisit"
	"github.com/wxoauth/wxoauth/sessionstore"
)

var _ sessionstore.Ender = (*Store)(nil)

// The sessions of a subject are listed in a sorted set. A member is the last part of a session's
// key, and its score is when the session expires, in unix microseconds. The scripts use only
// Redis' clock, because those of the replicas differ. Expired members are removed at each login,
// and the list expires with its last session. EndAll adds two marks to the list, which expire
// after a minute:
//
//	ended   its score is one minute after EndAll began: from then on no login is saved that began
//	        before, so that the sessions to delete are those in the list at that moment
//	untold  they are deleted, but the caller of EndAll is not told yet
const (
	untold = "untold"

	// maxSessions bounds the sessions of one subject, about 1 MB. Whoever logs in again and again,
	// or has himself handed over, ends sessions of his own.
	maxSessions = 1000
	maxEnded    = 10 // at one login
)

//nolint:gochecknoglobals // constants, but their hashes are computed
var (
	// saveScript stores a new session. It returns -1, and stores nothing, if the login began before
	// its subject's sessions were ended; how many microseconds after that, if it began after; and
	// 0 if they were not ended lately. Behind that it says how long the list is. The age of the
	// login is measured before the script is sent, so that the login may have begun earlier by as
	// much as the script was on its way.
	saveScript = redisvisit.NewScript(`local session, list = KEYS[1], KEYS[2]
local record, life, age, member, minute = ARGV[1], ARGV[2] * 1000, ARGV[3], ARGV[4], 6e7
local t = redis.call('TIME')
local now, after = t[1] * 1e6 + t[2], 0
redis.call('ZREMRANGEBYSCORE', list, '-inf', now)
local mark = redis.call('ZSCORE', list, 'ended')
if mark then
	after = now - age - (mark - minute)
	if after <= 0 then return {-1, 0} end
end
redis.call('SET', session, record, 'PX', ARGV[2])
redis.call('ZADD', list, now + life, member)
if redis.call('PTTL', list) * 1000 < life then
	redis.call('PEXPIREAT', list, string.format('%.0f', (now + life) / 1000))
end
return {after, redis.call('ZCARD', list)}`)

	// markScript sets the mark ended and returns the list. If the mark untold is there, the EndAll
	// before has taken effect although its caller got an error: this is the repeat, and there is
	// nothing to do.
	markScript = redisvisit.NewScript(`local list, minute = KEYS[1], 6e7
local t = redis.call('TIME')
local now = t[1] * 1e6 + t[2]
redis.call('ZREMRANGEBYSCORE', list, '-inf', now)
if redis.call('ZSCORE', list, 'untold') then return {} end
redis.call('ZADD', list, now + minute, 'ended')
if redis.call('PTTL', list) < 60000 then redis.call('PEXPIRE', list, 60000) end
return redis.call('ZRANGE', list, 0, -1)`)

	// endScript deletes sessions and sets the mark untold.
	endScript = redisvisit.NewScript(`local list, minute = KEYS[1], 6e7
local t = redis.call('TIME')
for i = 2, #KEYS do
	redis.call('DEL', KEYS[i])
	redis.call('ZREM', list, ARGV[i - 1])
end
redis.call('ZADD', list, t[1] * 1e6 + t[2] + minute, 'untold')
if redis.call('ZCARD', list) <= 2 then redis.call('PEXPIRE', list, 60000) end
return 1`)
)

// saveNew stores a new session of a subject under key, in one round trip.
func (s *Store) saveNew(
	ctx context.Context, id, key, sealed string, life time.Duration, login sessionstore.Login,
) error {
	asked := time.Now()
	var age time.Duration
	if !login.Began.IsZero() {
		age = max(0, asked.Sub(login.Began))
	}
	told, err := s.redis.Run(ctx, saveScript, []string{key, s.listKey(tagOf(id))},
		sealed, milliseconds(life), strconv.FormatInt(age.Microseconds(), 10),
		memberOf(key)).AsIntSlice()
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
	// The login may have begun before the end: the script measures less exactly than that. No
	// browser has got the id yet, so the session is deleted again.
	if after > 0 {
		_ = s.remove(ctx, id, key)
	}
	return sessionstore.ErrEnded
}

// makeRoom ends as many sessions of an owner, those that would end first, but not the one under
// kept. What fails the next login tries again.
func (s *Store) makeRoom(ctx context.Context, tag, kept string, surplus int64) {
	list, b := s.listKey(tag), s.redis.Client.B()
	surplus = min(surplus, maxEnded)
	first := b.Zrange().Key(list).Min("0").Max(strconv.FormatInt(surplus, 10)).Build()
	members, _ := s.redis.Do(ctx, first).AsStrSlice()
	for _, member := range members {
		key := s.keyOf(tag, member)
		if len(member) != memberLength || key == kept || surplus == 0 {
			continue
		}
		surplus--
		_ = s.redis.DoBoth(ctx, b.Del().Key(key).Build().ToRetryable(),
			b.Zrem().Key(list).Member(member).Build().ToRetryable())
	}
}

// remove deletes the session with this id, which is stored under key.
func (s *Store) remove(ctx context.Context, id, key string) error {
	b := s.redis.Client.B()
	record := b.Del().Key(key).Build().ToRetryable()
	if tag := tagOf(id); tag != "" {
		listed := b.Zrem().Key(s.listKey(tag)).Member(memberOf(key)).Build().ToRetryable()
		return s.announced(ctx, key, s.redis.DoBoth(ctx, record, listed))
	}
	return s.announced(ctx, key, s.redis.Do(ctx, record).Error())
}

// EndAll ends all sessions of subject; see [sessionstore.Ender]. Other replicas know that as soon
// as Redis' message reaches them. Sessions of the first version of this package, whose ids have 43
// characters, are not listed by subject and last until they expire.
func (s *Store) EndAll(ctx context.Context, subject string) error {
	const op = "end a user's sessions"
	owner := ownerOf(subject)
	tag := encoding.EncodeToString(owner[:])
	list := s.listKey(tag)
	listed, err := s.redis.Run(ctx, markScript, []string{list}).AsStrSlice()
	if err != nil {
		return wrap(op, err)
	}
	keys, members := []string{list}, []string(nil)
	for _, member := range listed {
		if len(member) == memberLength { // the marks are shorter
			keys, members = append(keys, s.keyOf(tag, member)), append(members, member)
		}
	}
	if err := s.redis.Run(ctx, endScript, keys, members...).Error(); err != nil {
		return wrap(op, err)
	}
	unmark := s.redis.Client.B().Zrem().Key(list).Member(untold).Build().ToRetryable()
	return wrap(op, s.announced(ctx, list, s.redis.Do(ctx, unmark).Error()))
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }
