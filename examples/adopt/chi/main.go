// Command chi is a club with members in SQLite, a login by name and password, and bans. WeChat
// login came later: adoption.diff is all that it took.
package main

import (
	"crypto/subtle"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
)

func main() {
	addr, file := os.Getenv("ADDR"), os.Getenv("CLUB_DB")
	if addr == "" {
		addr = "127.0.0.1:8080"
	}
	if file == "" {
		file = "club.db"
	}
	members, err := openMembers(file)
	if err != nil {
		log.Fatal(err)
	}
	r, err := router(&club{members, os.Getenv("CLUB_ADMIN")})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: addr, Handler: r, ReadHeaderTimeout: 5 * time.Second}
	fmt.Printf("  Open      http://%s - Ctrl-C stops it.\n", addr)
	log.Fatal(server.ListenAndServe())
}

// A club is what the handlers share.
type club struct {
	members *members
	admin   string // the password of who may ban
}

func router(c *club) (http.Handler, error) {
	r := chi.NewRouter()
	r.Post("/login", c.logIn)
	r.Post("/logout", c.logOut)
	r.Post("/ban", c.ban)
	wechat, err := newWeChat(c.members)
	if err != nil {
		return nil, err
	}
	r.Get("/wechat/enter", wechat.enter)
	r.With(wechat.auth.Optional()).Get("/", c.home)
	r.With(wechat.auth.Optional()).Get("/lounge", c.lounge)
	return r, nil
}

var page = template.Must(template.New("").Parse(`<!doctype html><title>Club</title>
{{with .}}<h1>Hello, {{.}}</h1><a id="lounge" href="/lounge">Lounge</a>
<form method="post" action="/logout"><button>Log out</button></form>
{{else}}<h1>Club</h1>
<form method="post" action="/login"><input name="name"><input name="password" type="password"><button>Log in</button></form>
<a id="wechat" href="/wechat/enter">Log in with WeChat</a>
{{end}}`))

func (c *club) home(w http.ResponseWriter, r *http.Request) {
	m, err := c.visitor(r)
	if err != nil {
		http.Error(w, "The club is closed", http.StatusInternalServerError)
		return
	}
	_ = page.Execute(w, m.Name)
}

func (c *club) lounge(w http.ResponseWriter, r *http.Request) {
	switch m, err := c.visitor(r); {
	case err != nil:
		http.Error(w, "The club is closed", http.StatusInternalServerError)
	case m.ID == "":
		http.Error(w, "Members only", http.StatusForbidden)
	default:
		fmt.Fprintf(w, "The lounge of %s", m.Name)
	}
}

const cookieName = "club"

func (c *club) logIn(w http.ResponseWriter, r *http.Request) {
	session, err := c.members.logIn(r.Context(), r.PostFormValue("name"), r.PostFormValue("password"))
	if err != nil {
		http.Error(w, "Wrong name or password", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	redirect(w, "/")
}

func (c *club) logOut(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		c.members.logOut(r.Context(), cookie.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1})
	redirect(w, "/")
}

func (c *club) ban(w http.ResponseWriter, r *http.Request) {
	if c.admin == "" || subtle.ConstantTimeCompare([]byte(r.PostFormValue("admin")), []byte(c.admin)) != 1 {
		http.Error(w, "You may not", http.StatusForbidden)
		return
	}
	if err := c.members.ban(r.Context(), r.PostFormValue("name")); err != nil {
		http.Error(w, "Not banned", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// visitor returns who is signed in; nobody has no ID.
func (c *club) visitor(r *http.Request) (member, error) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		return c.members.bySession(r.Context(), cookie.Value)
	}
	return c.members.byWeChat(r)
}

func redirect(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}
