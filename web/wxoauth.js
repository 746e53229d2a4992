// The page's half of wxoauth. An ES module without dependencies, for every browser since 2018.
//
//   import { api, signPage, embedQR } from '/wxoauth.js'

const entry = typeof location === 'object' && here() // as loaded; false on a server
let leaving = false // for the login; other calls meanwhile need not

// The browser may show this page again when the user goes back from WeChat.
entry && addEventListener('pageshow', (event) => {
  if (event.persisted && leaving) location.reload()
})

function here() {
  return location.href.split('#')[0]
}

// api is fetch for addresses behind the login. Where nobody is signed in it leads the browser to
// the login, once for however many calls, and back to this very page with its #…; those calls
// never end. Any other answer is the caller's.
export async function api(input, init) {
  const request = new Request(input, init)
  if (!request.headers.has('Accept')) request.headers.set('Accept', 'application/json')
  const response = await fetch(request)
  if (response.status !== 401) return response
  const { error, login_url: url } = await response.clone().json().catch(() => ({}))
  if (error !== 'login_required' || !url) return response
  const login = new URL(url, location.href)
  const { origin, pathname, search, hash } = location
  if (login.origin !== origin || login.pathname === pathname) return response // it would not lead back
  if (!leaving) {
    leaving = true
    login.searchParams.set('return_to', pathname + search + hash)
    location.assign(login.href)
    setTimeout(() => { leaving = false }, 10000) // should the user have stopped it
  }
  return new Promise(() => {})
}

// signPage asks an endpoint of yours, which calls jssdk's Sign with the query's url, for what
// wx.config wants: wx.config({ ...await signPage('/jssdk'), jsApiList: ['scanQRCode'] }).
// Call it again after the address has changed: Android signs the current one. iOS signs the one
// that the page was loaded with, so import this file before a router runs.
export async function signPage(endpoint) {
  const ios = window.__wxjs_is_wkwebview || /iPhone|iPad|iPod/.test(navigator.userAgent)
  const url = new URL(endpoint, location.href)
  url.searchParams.set('url', ios ? entry : here())
  return read(await api(url.href), endpoint)
}

function read(response, path) {
  if (!response.ok) throw new Error('wxoauth: ' + path + ' answers ' + response.status)
  return response.json()
}

// embedQR shows WeChat's own QR code inside an element of yours, for the Website of the
// configuration. Once it is scanned the browser goes on to returnTo, a path of this site. Where
// somebody is signed in it shows nothing and resolves to false. Options: loginPath, returnTo
// (this page), look (WeChat's style, fast_login, …) and open, the origin of WeChat's page, which a
// Content-Security-Policy needs in frame-src.
export async function embedQR(element, {
  loginPath = '/wechat/login', returnTo = location.pathname + location.search + location.hash,
  open = 'https://open.weixin.qq.com', look = {},
} = {}) {
  const response = await fetch(loginPath + '?embed=1&return_to=' + encodeURIComponent(returnTo), {
    headers: { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' },
  })
  if (response.status === 204) return false
  const query = new URLSearchParams({
    ...look, ...await read(response, loginPath), response_type: 'code', login_type: 'jssdk', self_redirect: 'false',
  })
  const frame = document.createElement('iframe')
  Object.assign(frame, { title: 'WeChat', width: 300, height: 400, src: open + '/connect/qrconnect?' + query })
  frame.style.border = 0
  frame.allow = 'local-network-access' // how Chrome finds a WeChat on this computer
  // Without this, browsers let a frame lead the page to the app only after a tap inside it.
  frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-top-navigation allow-popups')
  element.textContent = ''
  element.appendChild(frame)
  return true
}
