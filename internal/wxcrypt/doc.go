// Package wxcrypt holds the arithmetic that WeChat's message push and its encryptedData share:
// AES in CBC mode with PKCS#7 padding, and the SHA-1 of sorted strings. Nothing in it panics on
// what comes from outside, and no error says more than which of the two things went wrong.
package wxcrypt
