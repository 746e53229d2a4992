// Package redistest is a Redis for tests. A [Server] is a real redis-server that is started for
// one test; a [Proxy] in front of it delays and breaks connections as a network does. Neither uses
// a client library, so that they do not depend on code that is being tested. A [Memory] is a small
// Redis inside the process, for bubbles of testing/synctest.
package redistest
