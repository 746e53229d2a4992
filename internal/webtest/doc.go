// Package webtest is a web inside the process: a [Network] of hosts, and a [Browser] that walks on
// it as phones do.
//
// Both ends are net/http's own, so request lines, upgrades and broken connections are the real
// ones, but there is no socket: it works inside a bubble of testing/synctest, where a pause of ten
// minutes takes no time. A Browser keeps its cookies in a [Jar], resolves addresses and follows
// redirects as browsers do, sends the headers of each [Kind] of request, writes down every step in
// a [Visit], and can lose its cookies as WeChat's browser does.
//
// The package knows nothing of logins and imports nothing of this module, so that it cannot share a
// mistake with what is tested on it.
package webtest
