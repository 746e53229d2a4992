// Package fleettest holds tests of several replicas with one Redis, and of what visitors see while
// that Redis fails. Its replicas are whole apps behind an adapter, its Redis is a real server, and
// where several processes matter it starts them.
package fleettest
