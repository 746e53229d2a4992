// A phone that runs the client as it is: wx over fetch, an app, and its only page.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { SERVER, WXSIM } = process.env
const dir = mkdtempSync(join(tmpdir(), 'client-'))
cpSync('client', dir, { recursive: true })
writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
// What a developer edits, and a suffix that the developer tools add.
writeFileSync(join(dir, 'app.js'), readFileSync('client/app.js', 'utf8')
  .replace('http://127.0.0.1:8080', SERVER).replace('http://127.0.0.1:8081', WXSIM).replace("'./wxoauth'", "'./wxoauth.js'"))

const storage = {}
const toasts = []
let logins = 0
globalThis.wx = {
  getStorageSync: (key) => storage[key] || '',
  setStorageSync: (key, value) => { storage[key] = value },
  removeStorageSync: (key) => { delete storage[key] },
  showToast: ({ title }) => toasts.push(title),
  async request({ url, method = 'GET', data, header, success, fail }) {
    if (url.endsWith('/mini/login')) logins++
    try {
      const body = data === undefined || method === 'GET' ? undefined : JSON.stringify(data)
      const res = await fetch(url, { method, body, headers: { 'Content-Type': 'application/json', ...header } })
      const text = await res.text()
      let answer = text
      try { answer = JSON.parse(text) } catch (e) { /* it stays text */ }
      success({ statusCode: res.status, data: answer })
    } catch (e) {
      fail({ errMsg: String(e) })
    }
  },
  async uploadFile({ url, filePath, name, header, success }) {
    const form = new FormData()
    form.append(name, new Blob([readFileSync(filePath)], { type: 'image/gif' }), 'dot.gif')
    const res = await fetch(url, { method: 'POST', body: form, headers: header })
    success({ statusCode: res.status, data: await res.text() })
  },
  chooseMedia: async () => ({ tempFiles: [{ tempFilePath: join(dir, 'dot.gif') }] }),
}
writeFileSync(join(dir, 'dot.gif'), Buffer.from('R0lGODlhAQABAAAAACw=', 'base64'))
let app, page
globalThis.App = (definition) => { app = definition }
globalThis.getApp = () => app
globalThis.Page = (definition) => { page = { ...definition, setData(data) { Object.assign(this.data, data) } } }
await import(pathToFileURL(join(dir, 'app.js')))
await import(pathToFileURL(join(dir, 'pages/index/index.js')))

// settled waits until the page's action is over.
async function settled() {
  do await new Promise((done) => setTimeout(done, 10)); while (page.data.busy)
}
page.onLoad()
await settled()
assert.match(page.data.user.openid, /^o/)
page.onPhone({ detail: {} })
await settled()
assert.equal(page.data.user.phone, '13800138000')
page.onAvatar({ detail: { avatarUrl: join(dir, 'dot.gif') } })
await settled()
assert.ok(page.data.user.avatar_url)
page.onNickname({ detail: { value: { nickname: '小明' } } })
await settled()
assert.equal(page.data.user.nickname, '小明')
page.onInput({ detail: { value: 'hello' } })
page.onCheckText()
await settled()
assert.equal(page.data.verdict, '内容正常')
page.onChoosePicture()
await settled()
assert.equal(page.data.checks.length, 1)
page.stopLooking()
assert.equal(logins, 1)

// The server forgets: one login for all calls, and data that is encrypted anew.
storage.wxoauth = 'a token of yesterday'
const userData = async () => (await fetch(WXSIM + '/wxsim/user_data')).json()
await Promise.all([app.call({ url: '/mini/me' }), app.call({ url: '/mini/me' }), app.call({ url: '/mini/decrypt', method: 'POST', data: userData })])
assert.equal(logins, 2)

page.onLogout()
await settled()
assert.equal(page.data.user, null)
assert.deepEqual([storage, toasts], [{}, []])
console.log('ok')
