// Package demo is what the example apps share: settings from the environment, a WeChat inside the
// process for developers who have no account, a few pages, and a server that stops in good order.
// An example adds the wiring of its framework and nothing else.
package demo
