// Command gin is a notebook with a login by name and password, a JWT for its phone app and a page
// for every other path. WeChat login came later: adoption.diff is all that it took.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
)

func main() {
	addr := os.Getenv("ADDR")
	if addr == "" {
		addr = "127.0.0.1:8080"
	}
	r, err := router([]byte(os.Getenv("NOTEBOOK_SECRET")))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: addr, Handler: r, ReadHeaderTimeout: 5 * time.Second}
	fmt.Printf("  Open      http://%s - Ctrl-C stops it.\n", addr)
	log.Fatal(server.ListenAndServe())
}

func router(secret []byte) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	r, b := gin.New(), newBook(secret)
	r.Use(gin.Recovery(), sessions.Sessions("notebook", cookie.NewStore(secret)))
	r.GET("/", b.home)
	r.POST("/login", b.logIn)
	r.POST("/logout", b.logOut)
	r.POST("/api/token", b.token)
	r.GET("/api/notes", b.bearer, b.notes)
	if err := b.wechat(r); err != nil {
		return nil, err
	}
	r.NoRoute(func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, "/api/") {
			c.JSON(http.StatusNotFound, gin.H{"error": "not found"})
			return
		}
		b.home(c) // the page has a router of its own
	})
	return r, nil
}
