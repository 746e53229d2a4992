// Package redisstore keeps sessions in Redis, for apps with several replicas and for logouts that
// are final.
//
//	client, err := rueidis.NewClient(rueidis.ClientOption{
//		InitAddress:       []string{"127.0.0.1:6379"},
//		ForceSingleClient: true, // leave it out for a cluster
//		Dialer:            net.Dialer{KeepAlive: 200 * time.Millisecond},
//		ConnWriteTimeout:  600 * time.Millisecond,
//		ConnLifetime:      time.Minute,
//	})
//	if client == nil {
//		log.Fatal(err) // an option is wrong; a Redis that is down can still come
//	}
//	defer client.Close()
//	store, err := redisstore.New(client, redisstore.Config{Keys: [][]byte{key}})
//	if err != nil {
//		log.Fatal(err)
//	}
//	auth, err := oauth.New(oauth.Config{
//		AppID: os.Getenv("WECHAT_APPID"), Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
//		PublicURL: "https://shop.example.com", Keys: [][]byte{key},
//		Store: store,
//	})
//
// [Store] is a gorilla sessions.Store and serves any program that uses one. The cookie holds
// only an id, so a logout ends the session at once on every replica, and [Store.EndAll] ends all
// sessions of a user. The id contains a signature: an invented one is refused without asking Redis.
//
// # Caching
//
// Sessions are read through Redis' client-side caching: one that was read lately is taken from
// memory, and Redis tells each replica when it has changed. The memory is the client's
// CacheSizeEachConn, 128 MB by default, for each of its connections.
//
// # The client's options
//
// With ForceSingleClient there is a client even if the server is down at the start. KeepAlive and
// ConnWriteTimeout find out within a second that a server hangs, even if nothing is asked of it;
// until then, sessions that were read lately are still served. ConnLifetime ends each connection
// after a minute, and the next one looks up the server's name again, which may lead to another
// machine after a failover. Connections to a server that has become read-only end at once.
//
// # What Redis must allow
//
// Redis must allow EVAL and EVALSHA. It should have version 6 or later: Redis 5, and services
// without client-side caching, need [Config.NoTracking]. It may be a cluster: all keys of a user
// have the same hash tag, and each script names the keys that it uses.
//
// # Errors
//
// If Redis does not answer, the error is an [*Error]. It never means that the visitor has no
// session: that is [sessionstore.ErrNotFound].
package redisstore
