// Package rediscache shares the app access token and the JS-SDK ticket of a fleet in Redis. Give a
// [Cache] to core.ClientConfig in every process: then one of them fetches, and the others take
// what it stored. Redis sees the token in the clear, so keep it as private as the AppSecret.
package rediscache
