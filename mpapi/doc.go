// Package mpapi calls the server APIs of WeChat mini programs that are not about logging in:
// statistics, picture processing, OCR, content checks, updatable messages, risk, short links,
// SOTER and temporary media. [New] makes a [Client] with one small service per chapter of
// WeChat's manual, whose methods bear WeChat's own API names.
//
// Every call may return
//
//   - [*InputError], joined where there are several: a fault of the request that was found
//     before a call was spent,
//   - [*core.Error]: WeChat refused; it unwraps to its [core.Code],
//   - [*core.WireError]: everything else between here and WeChat, an answer that lacks what
//     WeChat promises included,
//   - what a [core.TokenSource] of your own returns.
//
// Dates are China's, lengths are in characters and not in bytes, coordinates and sizes of
// pictures are in pixels.
package mpapi
