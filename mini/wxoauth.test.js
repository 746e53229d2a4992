import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { createClient } from './wxoauth.js'

// A phone, and a server that accepts the last token it gave out.
function world({ answer } = {}) {
  const w = { storage: {}, sent: [], logins: 0, token: '', offline: false, refuse: undefined }
  const respond = ({ url, header, data }) => {
    if (url.endsWith('/mini/login')) {
      if (w.refuse) return w.refuse
      w.logins++
      w.token = 'token ' + data.code
      return { statusCode: 200, data: { token: w.token } }
    }
    if (header.Authorization !== 'Bearer ' + w.token) {
      return { statusCode: 401, data: { error: header.Authorization ? 'session_expired' : 'login_required' } }
    }
    return answer ? answer({ url, data }) : { statusCode: 200, data: { url, data } }
  }
  const send = (as) => (options) => {
    w.sent.push(options)
    setTimeout(() => (w.offline ? options.fail({ errMsg: 'request:fail timeout' }) : options.success(as(respond(options)))))
  }
  let codes = 0
  w.wx = {
    getStorageSync: (key) => w.storage[key] || '',
    setStorageSync: (key, value) => { w.storage[key] = value },
    removeStorageSync: (key) => { delete w.storage[key] },
    login: ({ success }) => setTimeout(() => success({ code: 'code' + ++codes })),
    request: send((a) => a),
    uploadFile: send((a) => ({ ...a, data: JSON.stringify(a.data) })),
  }
  w.client = createClient(w.wx, { server: 'https://shop.example.com' })
  w.paths = () => w.sent.map(({ url }) => url.replace('https://shop.example.com', ''))
  return w
}

test('it logs in first where there is no token', async () => {
  const w = world()
  const { statusCode, data } = await w.client.request({ url: '/mini/me', method: 'GET', data: { a: 1 }, timeout: 5 })
  assert.deepEqual([statusCode, data.data], [200, { a: 1 }])
  assert.deepEqual(w.paths(), ['/mini/login', '/mini/me'])
  assert.equal(w.sent[1].timeout, 5)
})

test('the token goes to the server, whatever the path begins with', async () => {
  const w = world()
  for (const url of ['.evil.com/me', '@evil.com/me', ':pw@evil.com/me', 'https://evil.com/me', '//evil.com/me', 'me']) {
    await w.client.request({ url })
  }
  assert.deepEqual(w.sent.filter(({ url }) => new URL(url).origin !== 'https://shop.example.com'), [])
})

test('a token that is kept is used', async () => {
  const w = world()
  await w.client.login()
  await createClient(w.wx, { server: 'https://shop.example.com' }).request({ url: '/mini/me', header: { 'X-A': '1' } })
  assert.equal(w.logins, 1)
  assert.deepEqual(w.sent[1].header, { 'X-A': '1', Authorization: 'Bearer token code1' })
})

test('one login for all requests in flight', async () => {
  const w = world()
  const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => w.client.request({ url: '/mini/' + n })))
  assert.deepEqual(answers.map((a) => a.statusCode), [200, 200, 200, 200, 200])
  assert.equal(w.logins, 1)
  w.token = 'another'
  await Promise.all([1, 2, 3].map((n) => w.client.request({ url: '/mini/' + n })))
  assert.equal(w.logins, 2)
})

test('a late 401 of the old token does not end the new one', async () => {
  const w = world()
  await w.client.login()
  w.token = 'another'
  const request = w.wx.request
  let late
  w.wx.request = (options) => {
    if (options.url.endsWith('/slow') && !late) {
      late = () => options.success({ statusCode: 401, data: { error: 'session_expired' } })
    } else {
      request(options)
    }
  }
  const slow = w.client.request({ url: '/slow' })
  await w.client.request({ url: '/mini/me' })
  late()
  assert.equal((await slow).statusCode, 200)
  assert.equal(w.logins, 2)
})

test('it repeats once', async () => {
  const w = world({ answer: () => ({ statusCode: 401, data: { error: 'session_expired' } }) })
  await w.client.login()
  const { statusCode } = await w.client.request({ url: '/mini/me' })
  assert.equal(statusCode, 401)
  assert.deepEqual(w.paths(), ['/mini/login', '/mini/me', '/mini/login', '/mini/me'])
})

test('any other answer is the caller’s', async () => {
  for (const answer of [
    { statusCode: 401, data: { error: 'invalid_code' } }, { statusCode: 401, data: '<html>' }, { statusCode: 401, data: null },
    { statusCode: 500, data: { error: 'session_expired' } }, { statusCode: 403, data: {} },
  ]) {
    const w = world({ answer: () => answer })
    await w.client.login()
    assert.deepEqual(await w.client.request({ url: '/mini/me' }), answer)
    assert.equal(w.logins, 1)
  }
})

test('encryptedData is made anew, or not sent again', async () => {
  const stale = { encryptedData: 'for the first key', iv: 'i' }
  const w = world()
  await assert.rejects(w.client.request({ url: '/mini/decrypt', data: stale }), { word: 'session_expired' }) // nobody was logged in
  assert.equal((await w.client.request({ url: '/mini/decrypt', data: stale })).statusCode, 200)
  w.token = 'another'
  await assert.rejects(w.client.request({ url: '/mini/decrypt', data: stale }), { word: 'session_expired', statusCode: 401 })
  assert.equal(w.sent.filter(({ data }) => data === stale).length, 2)

  let made = 0
  w.token = 'yet another'
  const { data } = await w.client.request({ url: '/mini/decrypt', data: async () => ({ encryptedData: 'no. ' + ++made }) })
  assert.equal(data.data.encryptedData, 'no. 2')
})

test('an upload is a request', async () => {
  const w = world()
  const { statusCode, data } = await w.client.request({ url: '/mini/picture', filePath: 'tmp/1.png', data: { album: 7 } })
  assert.deepEqual([statusCode, data.url], [200, 'https://shop.example.com/mini/picture'])
  assert.deepEqual([w.sent[1].filePath, w.sent[1].name, w.sent[1].formData], ['tmp/1.png', 'file', { album: 7 }])
  w.wx.uploadFile = ({ success }) => success({ statusCode: 502, data: '<html>' })
  assert.deepEqual(await w.client.request({ url: '/mini/picture', filePath: 'tmp/1.png' }), { statusCode: 502, data: '<html>' })
})

test('a refused login says why, and the next request tries again', async () => {
  const w = world()
  for (const [answer, word] of [[{ statusCode: 403, data: { error: 'refused' } }, 'refused'], [{ statusCode: 401, data: { error: 'invalid_code' } }, 'invalid_code'], [{ statusCode: 502, data: '' }, 'refused']]) {
    w.refuse = answer
    await assert.rejects(w.client.request({ url: '/mini/me' }), { word, statusCode: answer.statusCode })
  }
  w.refuse = undefined
  assert.equal((await w.client.request({ url: '/mini/me' })).statusCode, 200)
})

test('without a network there is no answer', async () => {
  const w = world()
  await w.client.login()
  w.offline = true
  await assert.rejects(w.client.request({ url: '/mini/me' }), { word: 'offline', message: 'request:fail timeout' })
})

test('logout ends the session in both places', async () => {
  const w = world()
  await w.client.login()
  await w.client.logout()
  assert.deepEqual(w.storage, {})
  assert.deepEqual(w.sent[1].header, { Authorization: 'Bearer token code1' })
  await w.client.logout()
  assert.equal(w.sent.length, 2)
})

test('it is small and old enough for every phone', () => {
  const text = readFileSync(new URL('wxoauth.js', import.meta.url), 'utf8')
  assert.ok(Buffer.byteLength(text) < 4000, text.length)
  assert.doesNotMatch(text, /\?\.|\?\?|catch \{|\balert\b|\bglobal|\beval\b/)
})
