// Package redistest is a Redis for tests. A [Server] is a real redis-server that is started for
// one test; a [Proxy] in front of it breaks its lines in the ways lines break. Both speak to it
// without a client library, so that what they see is not bent by the code under test. A [Memory]
// is a small Redis inside the process, for bubbles of testing/synctest.
package redistest
