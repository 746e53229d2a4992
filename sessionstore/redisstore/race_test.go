//go:build race

package redisstore

// underRace says that sync.Pool keeps nothing, to find who uses what was given back.
const underRace = true
