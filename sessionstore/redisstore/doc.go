// Package redisstore keeps sessions in Redis, for apps with several replicas. [Store] is a gorilla
// [sessions.Store] and serves any gorilla user. The cookie carries nothing but an id, so a logout
// ends the session at once, on every replica, and [Store.EndAll] ends all sessions of a user. An id
// proves itself: one that somebody made up costs no command, and is remembered nowhere.
//
// Sessions are read through Redis' client-side caching: one that was read lately costs no command,
// and Redis tells each replica when it changes. Give the client
//
//	rueidis.ClientOption{
//		ForceSingleClient: true, // not for a cluster
//		Dialer:            net.Dialer{KeepAlive: 200 * time.Millisecond},
//		ConnWriteTimeout:  600 * time.Millisecond,
//		ConnLifetime:      time.Minute,
//		…
//	}
//
// so that there is one even if the server is down at the start, and a server that hangs is noticed
// within a second even when nothing is asked of it; until then sessions read lately are still
// served. Each connection ends after a minute, when the server's name is looked up again: after a
// failover it may lead elsewhere. Those to a server that has become read-only end at once. What was
// read is kept in memory, up to the client's CacheSizeEachConn (128 MB) on each of its connections.
//
// Redis has to allow EVAL and EVALSHA. Redis 5 and services that cannot track what clients have read
// also work, with [Config.NoTracking]. All keys of a user have one hash tag, and each script names the
// keys that it touches, as a cluster needs it.
//
// When Redis does not answer, the error is an [*Error], and it never means that the visitor has no
// session: that is [sessionstore.ErrNotFound].
package redisstore
