// Package adaptertest is one table of cases that every adapter must pass, and the browser that
// walks through them.
//
//   - A [Network] joins browser, app and WeChat inside the process. Both ends are net/http's own, so
//     request lines, upgrades and broken connections are the real ones, but there is no socket:
//     it works inside a bubble of testing/synctest, where a pause of ten minutes takes no time.
//   - A [Browser] keeps cookies, follows redirects and resolves addresses as browsers do, writes
//     down every step, and can lose its cookies as WeChat's does.
//   - A [World] is one case's WeChat (wxsim), app and network. When the case is over it looks at all
//     that was said on the way: headers, cookies, redirects, and that no secret got out.
//   - A [Frame] is a small program made with one adapter, and a [Store] is where its sessions are.
//   - [Run] takes one frame and one store through the table.
//
// A new case is one more entry in a group of the table: a name in words, what the app's
// configuration changes, and a function that drives a browser and looks.
package adaptertest
