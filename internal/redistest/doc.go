// Package redistest starts a real redis-server for a test, breaks it in the ways servers break,
// and counts what it was asked. It speaks to it without a client library, so that what it sees is
// not bent by the code under test.
package redistest
