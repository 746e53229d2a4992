import { createClient } from './wxoauth' // a copy of mini/wxoauth.js

// The server: examples/miniprogram. A published mini program needs an https address that is
// registered in WeChat's console; the developer tools take any (urlCheck in project.config.json).
const server = 'http://127.0.0.1:8080'

// The simulated WeChat that the server starts when it has no account. Its codes stand in for those
// of the phone. With a mini program of your own make it '': then the phone's codes are used.
const simulator = 'http://127.0.0.1:8081'

const client = createClient(wx, { server, code: simulator && (() => simulated('js_code')) })

App({
  // call asks the server as the signed-in user and resolves to its answer. The request is that of
  // wxoauth.js. A refusal rejects with {word}, the server's word for it.
  async call(request) {
    const { statusCode, data } = await client.request(request)
    if (statusCode >= 400) throw { word: data && data.error }
    return data
  },

  // logout ends the session here and on the server. The next call logs in again.
  logout() { return client.logout() },

  // phoneCode is the code of a getPhoneNumber button's event; undefined if the user refused.
  async phoneCode(event) {
    return simulator ? (await simulated('phone_code')).code : event.detail.code
  },
})

// simulated asks the simulator for what the phone would give.
function simulated(what) {
  return new Promise((resolve, reject) => wx.request({
    url: simulator + '/wxsim/' + what,
    success: ({ data }) => resolve(data),
    fail: () => reject({ word: 'offline' }),
  }))
}
