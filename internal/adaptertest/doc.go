// Package adaptertest is one table of cases that every adapter must pass, with every store.
//
// A case is a name in words, what it changes in the app's configuration, and a function that drives
// a browser and looks. This is where it happens:
//
//	┌─ World: one case, in a bubble of testing/synctest ────────────────────────────┐
//	│                                                                               │
//	│   webtest.Browser ──── shop.example.com ────► Frame                           │
//	│     │  cookies, tabs,      (Host)               │  a small program made with   │
//	│     │  user agents                              │  one adapter; its pages are  │
//	│     │                                           │  shown by the World          │
//	│     │                                           ├──► Store: its sessions       │
//	│     │                                           │                              │
//	│     └────── open.weixin.qq.com ──► wxsim ◄── api.weixin.qq.com                 │
//	│                                                                               │
//	└───────────── all lines are one webtest.Network ───────────────────────────────┘
//
// The World listens on every line. While the case runs it looks at headers, cookies and redirects
// of each answer, and when it is over at logs and errors, so that no case has to say that no
// secret gets out.
//
// [Run] takes one [Frame] and one [Store] through the whole table, [RunGroups] through a part of
// it. A new case is one more entry in a group.
package adaptertest
