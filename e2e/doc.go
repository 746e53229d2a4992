// Package e2e drives the example apps with a real browser: the logins of people with a phone, a
// desktop, five tabs and a back button, and how the pages look and read.
//
// It is a module of its own, because it brings a browser driver. It needs Chromium or Chrome; where
// there is none the tests are skipped, or fail if WXOAUTH_NO_SKIP is 1. Screenshots of all pages
// are written to e2e/screenshots, or to the folder that the variable SCREENSHOTS names.
package e2e
