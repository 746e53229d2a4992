// Package fleettest holds tests of several replicas with one Redis, and of what visitors see while
// that Redis fails. There is nothing here to import.
//
// A replica is a whole app behind one of the adapters, as in the table of package adaptertest, with
// its own line to a real redis-server that can be slowed, cut and made to lie. All replicas answer
// to one name; a request says which one it wants, or they take turns. Where the memory or the
// death of a process matters, processes are started: this test binary, with a job in its
// environment.
package fleettest
