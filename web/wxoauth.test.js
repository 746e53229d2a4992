import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, test } from 'node:test'

// A server that knows nobody at /api, and what it was asked.
const asked = []
let login = '/wechat/login?scope=snsapi_userinfo'
const server = createServer((req, res) => {
  asked.push(req)
  const { pathname, searchParams } = new URL(req.url, 'http://x')
  const json = (status, body) => res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  switch (pathname) {
    case '/api': return json(401, { error: 'login_required', login_url: new URL(login, site).href })
    case '/other': return json(401, { error: 'bad_password' })
    case '/html': return res.writeHead(401).end('<html>')
    case '/jssdk': return json(200, { signed: searchParams.get('url'), a: searchParams.get('a') })
    case '/broken': return res.writeHead(502).end()
    case '/signed-in': return res.writeHead(204).end()
    case '/wechat/login': return json(200, { appid: 'wx1', scope: 'snsapi_login', redirect_uri: site + '/wechat/login?return_to=%2F', state: 's 1' })
    default: return json(200, { method: req.method, accept: req.headers.accept })
  }
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
after(() => server.close())
const site = 'http://127.0.0.1:' + server.address().port

// The module's timer is a page's: it must not hold up the end of this program.
const { setTimeout: wait } = globalThis
globalThis.setTimeout = (run, ms) => (ms < 10000 ? wait(run, ms) : wait(run, ms).unref())

// What the module needs of a browser. Each page loads the module anew.
let pages = 0
async function open(url, { wkwebview, userAgent = 'Mozilla/5.0 (Linux; Android 14)' } = {}) {
  const left = []
  const listeners = {}
  const at = new URL(url, site)
  globalThis.location = {
    get href() { return at.href }, get origin() { return at.origin }, get pathname() { return at.pathname },
    get search() { return at.search }, get hash() { return at.hash },
    assign: (to) => left.push(to), reload: () => left.push('reload'),
  }
  globalThis.window = { __wxjs_is_wkwebview: wkwebview }
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true })
  globalThis.addEventListener = (name, listener) => { listeners[name] = listener }
  globalThis.document = {
    createElement: () => ({ style: {}, attributes: {}, setAttribute(name, value) { this.attributes[name] = value } }),
  }
  const module = await import('./wxoauth.js?page=' + ++pages)
  return { ...module, at, left, listeners }
}

test('a server that renders pages may import it', async () => {
  assert.equal(typeof (await import('./wxoauth.js')).api, 'function')
})

const later = () => new Promise((done) => setTimeout(done, 100))

test('api leads to the login once, and back to this very page', async () => {
  const page = await open('/shop?a=1&b=%26#/cart?x=2')
  let ended = 0
  for (let i = 0; i < 5; i++) page.api(site + '/api').then(() => ended++, () => ended++)
  await later()
  assert.equal(ended, 0)
  assert.equal(page.left.length, 1)
  const to = new URL(page.left[0])
  assert.equal(to.origin + to.pathname, site + '/wechat/login')
  assert.equal(to.searchParams.get('scope'), 'snsapi_userinfo')
  assert.equal(to.searchParams.get('return_to'), '/shop?a=1&b=%26#/cart?x=2')
})

test('a login that the user stopped can begin again', async (t) => {
  const page = await open('/')
  t.mock.timers.enable({ apis: ['setTimeout'] })
  page.api(site + '/api')
  for (let i = 0; i < 1e5 && page.left.length < 1; i++) await new Promise(setImmediate)
  t.mock.timers.tick(10000)
  t.mock.timers.reset()
  page.api(site + '/api')
  await later()
  assert.equal(page.left.length, 2)
})

test('a page that comes back from the browser’s memory is loaded again', async () => {
  const page = await open('/')
  page.listeners.pageshow({ persisted: true })
  assert.deepEqual(page.left, [])
  page.api(site + '/api')
  await later()
  page.listeners.pageshow({ persisted: false })
  page.listeners.pageshow({ persisted: true })
  assert.deepEqual(page.left.slice(1), ['reload'])
})

test('api is fetch for everything else', async () => {
  const { api, left } = await open('/')
  assert.equal((await (await api(site + '/')).json()).accept, 'application/json')
  assert.equal((await (await api(site + '/', { headers: { accept: 'text/csv' } })).json()).accept, 'text/csv')
  assert.equal((await (await api(new Request(site + '/', { method: 'PUT' }))).json()).method, 'PUT')
  assert.equal((await (await api(site + '/other')).json()).error, 'bad_password')
  assert.equal(await (await api(site + '/html')).text(), '<html>')
  await assert.rejects(api('http://127.0.0.1:1/'))
  assert.deepEqual(left, [])
})

test('api does not follow a login_url to another site, nor to a script', async () => {
  const { api, left } = await open('/')
  for (login of ['https://evil.example/login', 'javascript:alert(1)', '//evil.example']) {
    assert.equal((await api(site + '/api')).status, 401)
  }
  login = '/wechat/login'
  assert.deepEqual(left, [])
})

test('api goes round no loop where the page itself is served at the login', async () => {
  const { api, left } = await open('/wechat/login?return_to=%2F')
  const answer = await Promise.race([api(site + '/api'), later()])
  assert.equal(answer && answer.status, 401)
  assert.deepEqual(left, [])
})

test('signPage signs the address that the phone will', async () => {
  for (const [phone, options, want] of [
    ['Android', {}, '/now?b=2'],
    ['iOS', { wkwebview: true }, '/first?a=1'],
    ['an older iOS', { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 12_0 like Mac OS X) MicroMessenger' }, '/first?a=1'],
  ]) {
    const page = await open('/first?a=1#top', options)
    page.at.href = site + '/now?b=2#bottom'
    assert.deepEqual(await page.signPage('/jssdk?a=7'), { signed: site + want, a: '7' }, phone)
    await assert.rejects(page.signPage('/broken'), /502/)
  }
})

test('embedQR shows WeChat’s frame', async () => {
  const { embedQR } = await open('/desk?a=1#b')
  const element = { appendChild(child) { this.child = child } }
  const options = { loginPath: site + '/wechat/login', look: { style: 'black', scope: 'snsapi_base' } }
  assert.equal(await embedQR(element, options), true)
  const request = asked.pop()
  assert.equal(request.url, '/wechat/login?embed=1&return_to=' + encodeURIComponent('/desk?a=1#b'))
  assert.equal(request.headers['x-requested-with'], 'XMLHttpRequest')
  const src = new URL(element.child.src)
  assert.equal(src.origin + src.pathname, 'https://open.weixin.qq.com/connect/qrconnect')
  assert.deepEqual(Object.fromEntries(src.searchParams), {
    style: 'black', appid: 'wx1', scope: 'snsapi_login', redirect_uri: site + '/wechat/login?return_to=%2F', state: 's 1',
    response_type: 'code', login_type: 'jssdk', self_redirect: 'false',
  })
  assert.match(element.child.attributes.sandbox, /allow-top-navigation/)
  assert.equal(await embedQR(element, { loginPath: site + '/signed-in' }), false)
  await assert.rejects(embedQR(element, { loginPath: site + '/api' }), /401/)
})

test('it is small and old enough for every browser', () => {
  const text = readFileSync(new URL('wxoauth.js', import.meta.url), 'utf8')
  assert.ok(Buffer.byteLength(text) < 4000, text.length)
  assert.doesNotMatch(text, /\?\.|\?\?|catch \{|\balert\b|\bglobal|\beval\b|replaceChildren/)
})
