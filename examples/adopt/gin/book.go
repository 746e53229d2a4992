package main

import (
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
)

// A book is all accounts and their notes. A real one is a database.
type book struct {
	secret []byte // signs the JWTs

	mu        sync.Mutex
	passwords map[string]string // by name
	names     map[string]string // by "appid openid"
}

func newBook(secret []byte) *book {
	return &book{secret: secret, passwords: map[string]string{"alice": "wonderland"}, names: map[string]string{}}
}

var page = template.Must(template.New("").Parse(`<!doctype html><title>Notebook</title>
{{with .}}<h1>Hello, {{.}}</h1>
<form method="post" action="/logout"><button>Log out</button></form>
<a id="bind" href="/account/wechat">Bind WeChat</a>
{{else}}<h1>Notebook</h1>
<form method="post" action="/login"><input name="name"><input name="password" type="password"><button>Log in</button></form>
<a id="wechat" href="/wechat/enter">Log in with WeChat</a>
{{end}}`))

func (b *book) home(c *gin.Context) {
	c.Header("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(c.Writer, signedIn(c))
}

// signedIn returns the name of the session, "" of nobody's.
func signedIn(c *gin.Context) string {
	name, _ := sessions.Default(c).Get("name").(string)
	return name
}

func signIn(c *gin.Context, name string) {
	session := sessions.Default(c)
	session.Set("name", name)
	if err := session.Save(); err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.Redirect(http.StatusSeeOther, "/")
}

func (b *book) logIn(c *gin.Context) {
	b.mu.Lock()
	password, known := b.passwords[c.PostForm("name")]
	b.mu.Unlock()
	if !known || password != c.PostForm("password") {
		c.String(http.StatusForbidden, "Wrong name or password")
		return
	}
	signIn(c, c.PostForm("name"))
}

func (b *book) logOut(c *gin.Context) { signIn(c, "") }

// token gives the phone app a JWT of who is signed in here.
func (b *book) token(c *gin.Context) {
	if signedIn(c) == "" {
		c.JSON(http.StatusUnauthorized, gin.H{"error": "log in first"})
		return
	}
	b.mint(c, signedIn(c))
}

func (b *book) mint(c *gin.Context, name string) {
	claims := jwt.RegisteredClaims{Subject: name, ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(b.secret)
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.JSON(http.StatusOK, gin.H{"token": token})
}

// bearer passes on requests with a JWT of ours.
func (b *book) bearer(c *gin.Context) {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer "), &claims,
		func(*jwt.Token) (any, error) { return b.secret, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "no good token"})
		return
	}
	c.Set("name", claims.Subject)
}

func (b *book) notes(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"notes": []string{"first note of " + c.GetString("name")}})
}
