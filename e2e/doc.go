// Package e2e drives the example apps and the simulator with a real browser: the logins of people
// with a phone, a desktop, five tabs and a back button, addresses that try to lead them away, and
// how the pages look and read.
//
// It is a module of its own, because it brings a browser driver. It needs Chromium or Chrome; where
// there is none the tests are skipped, or fail if WXOAUTH_NO_SKIP is 1. Screenshots of all pages
// are written to e2e/screenshots, or to the folder that the variable SCREENSHOTS names.
//
// audit.js looks at every page for what keeps people from using it. The variable AXE names the
// axe.min.js of axe-core, to have that look too:
//
//	npm pack axe-core@4.14.1 --pack-destination /tmp && tar -xzf /tmp/axe-core-4.14.1.tgz -C /tmp
//	AXE=/tmp/package/axe.min.js go test -run Look ./...
//
// The pictures in the READMEs are taken anew with
//
//	PICTURES=../docs/screenshots go test -count=1 -run Pictures .
package e2e
