package sessionstore_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/wxoauth/wxoauth/sessionstore"
)

// The store serves any gorilla user, also without a login by WeChat.
func ExampleNewCookie() {
	key := bytes.Repeat([]byte("k"), 32) // in production: 32 random bytes, the same on every replica
	store, err := sessionstore.NewCookie(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	visit := func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "visits")
		if !sessionstore.Anonymous(err) {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		n, _ := session.Values["n"].(int)
		session.Values["n"] = n + 1
		if err := session.Save(r, w); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "visit ", n+1)
	}

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for range 2 {
		w := httptest.NewRecorder()
		visit(w, r)
		fmt.Println(w.Body)

		r = httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(w.Result().Cookies()[0])
	}
	// Output:
	// visit 1
	// visit 2
}

func ExampleNewCookie_shortKey() {
	_, err := sessionstore.NewCookie([]byte("secret"), nil)
	fmt.Println(err)
	// Output:
	// sessionstore: keys[0] is shorter than 32 bytes
	// sessionstore: keys[1] is shorter than 32 bytes
}
