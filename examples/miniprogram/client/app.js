// The server: examples/miniprogram. A published mini program needs an https address that is
// registered in WeChat's console; the developer tools take any (urlCheck in project.config.json).
const server = 'http://127.0.0.1:8080'

// The simulated WeChat that the server starts when it has no account. Its codes stand in for those
// of the phone. With a mini program of your own make it '': then the phone's codes are used.
const simulator = 'http://127.0.0.1:8081'

const TOKEN = 'token' // its name in the phone's storage

App({
  // login resolves to a new token. However many calls want one at once, wx.login runs once: each
  // run may replace the session_key, and make the token of the run before it stale.
  login() {
    if (!this.loggingIn) {
      const done = () => { this.loggingIn = null }
      this.loggingIn = newToken()
      this.loggingIn.then(done, done)
    }
    return this.loggingIn
  },

  // call asks the server as the signed-in user and resolves to its answer. The request is
  // {path, method, data}, or {path, file} to upload a picture. data may be a function: it is asked
  // again before a second try, because what was encrypted for the old session_key is of no use to
  // the new one. A refusal rejects with {word}, the server's word for it.
  async call(request) {
    const token = wx.getStorageSync(TOKEN) || await this.login()
    let answer = await send(request, token)
    if (loggedOut(answer)) {
      // Log in again and repeat, once. Another call may have done the first half already.
      if (wx.getStorageSync(TOKEN) === token) wx.removeStorageSync(TOKEN)
      answer = await send(request, wx.getStorageSync(TOKEN) || await this.login())
    }
    if (answer.statusCode >= 400) throw { word: answer.data.error }
    return answer.data
  },

  // logout ends the session here and on the server. The next call logs in again.
  async logout() {
    const token = wx.getStorageSync(TOKEN)
    wx.removeStorageSync(TOKEN)
    if (token) await send({ path: '/mini/logout', method: 'POST' }, token)
  },

  // phoneCode is the code of a getPhoneNumber button's event; undefined if the user refused.
  async phoneCode(event) {
    return simulator ? (await simulated('phone_code')).code : event.detail.code
  },

  // userInfo is what wx.getUserInfo encrypted with the session_key.
  async userInfo() {
    const { encryptedData, iv } = simulator ? await simulated('user_data') : await wx.getUserInfo({ withCredentials: true })
    return { encryptedData, iv }
  },
})

async function newToken() {
  const { code } = simulator ? await simulated('js_code') : await wx.login()
  const answer = await send({ path: '/mini/login', method: 'POST', data: { code } })
  if (answer.statusCode !== 200) throw { word: answer.data.error }
  wx.setStorageSync(TOKEN, answer.data.token)
  return answer.data.token
}

// loggedOut tells a token that is of no use from any other refusal.
function loggedOut(answer) {
  return answer.statusCode === 401 && ['session_expired', 'login_required'].includes(answer.data.error)
}

// send resolves to any answer {statusCode, data}, and rejects with {word: 'offline'} without one.
async function send({ path, method = 'GET', data, file }, token) {
  const body = typeof data === 'function' ? await data() : data
  const header = token ? { Authorization: 'Bearer ' + token } : {}
  return new Promise((resolve, reject) => {
    const fail = () => reject({ word: 'offline' })
    if (file) {
      wx.uploadFile({
        url: server + path, filePath: file, name: 'file', header, fail,
        success: ({ statusCode, data }) => resolve({ statusCode, data: parse(data) }),
      })
    } else {
      wx.request({
        url: server + path, method, data: body, header, fail,
        success: ({ statusCode, data }) => resolve({ statusCode, data: data || {} }),
      })
    }
  })
}

// parse reads the answer to an upload, which comes as text: a proxy in between may answer a page.
function parse(text) {
  try {
    return JSON.parse(text)
  } catch (e) {
    return {}
  }
}

// simulated asks the simulator for what the phone would give.
function simulated(what) {
  return new Promise((resolve, reject) => wx.request({
    url: simulator + '/wxsim/' + what,
    success: ({ data }) => resolve(data),
    fail: () => reject({ word: 'offline' }),
  }))
}
