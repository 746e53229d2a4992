const app = getApp()

// What the user reads for the server's words; see README.md.
const messages = {
  offline: '连不上服务器',
  invalid_code: '授权码已失效，请再试一次',
  blocked: '微信拒绝了这次登录',
  limited: '操作太频繁，请稍后再试',
  too_large: '图片不能超过 1 MB',
  bad_request: '内容不符合要求',
  no_recent_visit: '请重新打开小程序',
  upstream: '微信暂时没有响应',
}

const statuses = {
  pending: '审核中',
  pass: '通过',
  review: '待人工审核',
  risky: '未通过',
  failed: '审核失败，请重新上传',
}

const suggests = { pass: '内容正常', review: '需要人工审核', risky: '内容违规' }

Page({
  data: { user: null, text: '', verdict: '', checks: [], statuses, busy: false },

  onLoad() { this.onLogIn() },

  onShow() {
    if (this.data.user) this.loadChecks().catch(() => {})
  },

  onHide() { this.stopLooking() },
  onUnload() { this.stopLooking() },

  onLogIn() {
    this.show(async () => {
      this.setData({ user: await app.call({ url: '/mini/me' }) })
      await this.loadChecks()
    })
  },

  // show runs an action of the user and shows its failure. One runs at a time.
  async show(action) {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      await action()
    } catch (e) {
      wx.showToast({ title: messages[e.word] || '出错了，请重试', icon: 'none' })
    } finally {
      this.setData({ busy: false })
    }
  },

  onPhone(event) {
    this.show(async () => {
      const code = await app.phoneCode(event)
      if (!code) return // the user refused
      this.setData({ user: await app.call({ url: '/mini/phone', method: 'POST', data: { code } }) })
    })
  },

  // onAvatar is given a temporary file of the picture that the user chose.
  onAvatar(event) {
    const filePath = event.detail.avatarUrl
    this.show(async () => {
      this.setData({ user: await app.call({ url: '/mini/avatar', filePath }) })
    })
  },

  onNickname(event) {
    const { nickname } = event.detail.value
    this.show(async () => {
      this.setData({ user: await app.call({ url: '/mini/nickname', method: 'POST', data: { nickname } }) })
    })
  },

  onInput(event) { this.setData({ text: event.detail.value, verdict: '' }) },

  onCheckText() {
    this.show(async () => {
      const { suggest } = await app.call({ url: '/mini/check/text', method: 'POST', data: { content: this.data.text } })
      this.setData({ verdict: suggests[suggest] })
    })
  },

  async onChoosePicture() {
    let chosen
    try {
      chosen = await wx.chooseMedia({ count: 1, mediaType: ['image'], sizeType: ['compressed'] })
    } catch (e) {
      return // the user closed the album
    }
    this.show(async () => {
      await app.call({ url: '/mini/check/picture', filePath: chosen.tempFiles[0].tempFilePath })
      await this.loadChecks()
    })
  },

  // loadChecks looks again every 3 seconds while WeChat has not decided about a picture.
  async loadChecks() {
    this.stopLooking()
    const { checks } = await app.call({ url: '/mini/check/picture' })
    this.setData({ checks })
    if (checks.some((check) => check.status === 'pending')) {
      this.timer = setTimeout(() => this.loadChecks().catch(() => {}), 3000)
    }
  },

  stopLooking() { clearTimeout(this.timer) },

  onLogout() {
    this.show(async () => {
      this.stopLooking()
      await app.logout()
      this.setData({ user: null, verdict: '', checks: [] })
    })
  },
})
