package redisstore_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
)

// The store serves any gorilla user. Here its Redis is away, which must not look like a visitor
// without a session.
func Example() {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{"127.0.0.1:1"}, // nobody listens there
		ForceSingleClient: true,                    // there is a client even while Redis is down; leave it out for a cluster
		// A Redis that hangs is noticed within a second.
		Dialer:           net.Dialer{KeepAlive: 200 * time.Millisecond},
		ConnWriteTimeout: 600 * time.Millisecond,
	})
	if client == nil {
		fmt.Println(err) // an option is wrong
		return
	}
	defer client.Close() // after the server
	store, err := redisstore.New(client, redisstore.Config{Keys: [][]byte{[]byte("32 random bytes, kept as secrets")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	visit := func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "visits")
		if !sessionstore.Anonymous(err) {
			http.Error(w, "try again", http.StatusServiceUnavailable) // nothing is saved or cleared
			_, away := errors.AsType[*redisstore.Error](err)
			fmt.Println("Redis is away:", away)
			return
		}
		n, _ := session.Values["n"].(int)
		fmt.Fprint(w, "visits so far: ", n)
	}

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	newcomer := httptest.NewRecorder()
	visit(newcomer, r) // without a cookie Redis is not asked
	fmt.Println(newcomer.Code, newcomer.Body)

	r = httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "visits", Value: "kmsn0CkQ1mWlmmQYH1oFYyHIZy9Wk7c0yq4bPWrmFpM"})
	known := httptest.NewRecorder()
	visit(known, r)
	fmt.Println(known.Code, len(known.Result().Cookies()))
	// Output:
	// 200 visits so far: 0
	// Redis is away: true
	// 503 0
}

// All that is wrong with a Config is said at once.
func ExampleNew_faults() {
	_, err := redisstore.New(nil, redisstore.Config{Keys: [][]byte{[]byte("secret")}})
	fmt.Println(err)
	// Output:
	// redisstore: client is missing
	// redisstore: Config.Keys[0] is shorter than 32 bytes
}
