// The mini program's half of wxoauth, for wx, uni and Taro. An ES module without dependencies.
//
//   import { createClient } from './wxoauth'
//   export const client = createClient(wx, { server: 'https://shop.example.com' })
//
//   const { statusCode, data } = await client.request({ url: '/mini/me' })

// createClient makes the client of one server. Options: server; loginPath and logoutPath there;
// storageKey, the token's name on the phone; code, in place of wx.login: resolves to {code}.
export function createClient(platform, {
  server, loginPath = '/mini/login', logoutPath = '/mini/logout', storageKey = 'wxoauth', code,
}) {
  let loggingIn // one for all calls: wx.login may replace the session_key, and the token with it

  // call is a function of the platform as a promise.
  function call(name, options) {
    return new Promise((success, fail) => platform[name]({
      ...options, success, fail: (why) => fail(problem('offline', 0, why && why.errMsg)),
    }))
  }

  function problem(word, statusCode, message) {
    return Object.assign(new Error(message || word), { word, statusCode })
  }

  async function send({ url, data, header, filePath, name = 'file', ...rest }, token) {
    const options = { ...rest, url: server + url.replace(/^\/?/, '/'), header: { ...header } }
    if (token) options.header.Authorization = 'Bearer ' + token
    if (!filePath) return call('request', { ...options, data })
    const answer = await call('uploadFile', { ...options, filePath, name, formData: data })
    try {
      return { ...answer, data: JSON.parse(answer.data) } // an upload's answer comes as text
    } catch (e) {
      return answer
    }
  }

  async function newToken() {
    const { code: fresh } = await (code ? code() : call('login'))
    const answer = await send({ url: loginPath, method: 'POST', data: { code: fresh } })
    if (answer.statusCode !== 200) throw problem(answer.data && answer.data.error || 'refused', answer.statusCode)
    platform.setStorageSync(storageKey, answer.data.token)
    return answer.data.token
  }

  // login resolves to a new token. It rejects with an Error that has the server's word.
  function login() {
    if (!loggingIn) {
      const done = () => { loggingIn = undefined }
      loggingIn = newToken()
      loggingIn.then(done, done)
    }
    return loggingIn
  }

  const stored = () => platform.getStorageSync(storageKey)

  // request takes what the platform's request takes, with the url's path alone, or filePath to
  // upload a file. It logs in where that is needed, and then repeats the request once. It resolves
  // to every answer {statusCode, data, header}, and rejects with word 'offline' without one.
  //
  // encryptedData is of no use once there was another login. So make it in a function: data may be
  // one, and is asked anew. As plain data it is not sent again: word 'session_expired' says so.
  async function request(options) {
    const attempt = async (token, again) => {
      const data = typeof options.data === 'function' ? await options.data() : options.data
      if (again && data === options.data && data && data.encryptedData) throw problem('session_expired', 401)
      return send({ ...options, data }, token)
    }
    const token = stored()
    if (!token) return attempt(await login(), true)
    const answer = await attempt(token, false)
    const word = answer.statusCode === 401 && answer.data && answer.data.error
    if (word !== 'session_expired' && word !== 'login_required') return answer
    if (stored() === token) platform.removeStorageSync(storageKey) // or another call has done so
    return attempt(stored() || await login(), true)
  }

  // logout ends the session here and on the server. The next request logs in again.
  async function logout() {
    const token = stored()
    platform.removeStorageSync(storageKey)
    if (token) await send({ url: logoutPath, method: 'POST' }, token)
  }

  return { request, login, logout }
}
