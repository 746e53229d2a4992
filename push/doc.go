// Package push receives WeChat's message push: it answers the URL check, verifies and decrypts
// what WeChat posts, calls the callback of the [Config] once per message and answers in time.
// [New] makes the [Handler]; mount it at the URL that is configured in WeChat's console, for GET
// and POST.
//
// # What a callback can rely on
//
// A message is handed over only if its signature is good, it could be decrypted, was written for
// this AppID and is at most 10 minutes old. WeChat delivers a message again when it sees no answer
// within 5 seconds or one that is not 200. So:
//
//   - a callback that returns nil has had its message for good: a repeat is answered without it;
//   - a callback that returns an error or panics gets the message again;
//   - a repeat that arrives while the callback still runs waits for it and gets the same answer;
//   - a callback that takes longer than 4.5 seconds has its message answered with success and goes
//     on, for up to 60 seconds. Should it fail after that, nobody but the log is told.
//
// Across several processes this holds with a shared [Seen]. Exactly once is not possible on a
// network: a process that dies between its work and the note of it, or a Seen that is down, can
// let a message through twice. It is never dropped instead, so callbacks should not mind a repeat.
//
// # Modes
//
// The mode is the one chosen in WeChat's console, see [Mode]. A request never chooses it: in
// [Safe] and [Compat] only what was decrypted counts, and a plain body is refused.
//
// # Cloud hosting
//
// Push into a container of WeChat's cloud hosting is signed by nobody and therefore not served:
// what it posts, the probe {"action":"CheckContainerPath"} included, is answered 403 like any
// other request without a good signature. A probe that is signed gets success, and no callback.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
package push
