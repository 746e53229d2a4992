import { readFileSync } from 'node:fs';
import FormData from 'form-data';
import easywechat from 'node-easywechat';
import {
  answerTo, assert, callback, client, jsCode, mini, official, openid, phoneCode, phoneData, picture, pushKey, pushToken, signed, visit,
} from './client.mjs';

const { MiniApp, OfficialAccount, ServerRequest } = easywechat;
const { step, pushes } = client('node-easywechat');
const push = { token: pushToken, aes_key: pushKey };
const account = new OfficialAccount({ app_id: official.id, secret: official.secret, oauth: { scopes: 'snsapi_userinfo', redirect_url: callback }, ...push });
const app = new MiniApp({ app_id: mini.id, secret: mini.secret, use_stable_access_token: true, ...push });
const memory = new Map(); // the default is a folder of the user's
for (const one of [account, app]) {
  one.setCache({
    get: async (key) => memory.get(key) ?? null, set: async (key, value) => !!memory.set(key, value),
    has: async (key) => memory.has(key), delete: async (key) => memory.delete(key),
  });
}

let user;
await step('login', async () => {
  user = await account.getOAuth().userFromCode(await visit(account.getOAuth().redirect()));
  assert.equal(user.getId(), openid);
});
await step('userinfo', async () => assert.equal(user.getNickname(), '小明'));
await step('token', async () => {
  assert.equal(await account.getAccessToken().getToken(), await account.getAccessToken().getToken());
  const stable = await app.getAccessToken().getToken();
  memory.clear();
  assert.equal(await app.getAccessToken().getToken(), stable);
});
await step('code2Session', async () => {
  const session = await app.getUtils().codeToSession(await jsCode());
  const data = await phoneData();
  assert.equal(app.getUtils().decryptSession(session.session_key, data.iv, data.encryptedData).watermark.appid, mini.id);
});
await step('phone', async () => {
  const res = await app.getClient().postJson('/wxa/business/getuserphonenumber', { code: await phoneCode() });
  assert.equal(res.toObject().phone_info.phoneNumber, '13800138000');
});
await step('APIs', async () => {
  const api = app.getClient();
  const { openid: who } = await app.getUtils().codeToSession(await jsCode());
  const posts = {
    '/wxa/msg_sec_check': { openid: who, scene: 1, version: 2, content: '你好' },
    '/wxa/genwxashortlink': { page_url: 'pages/index?a=1', page_title: '首页' },
    '/datacube/getweanalysisappiddailysummarytrend': { begin_date: '20261101', end_date: '20261101' },
    '/wxa/getuserriskrank': { appid: mini.id, openid: who, scene: 0, client_ip: '203.0.113.7' },
  };
  for (const [path, body] of Object.entries(posts)) {
    const answer = (await api.postJson(path, body)).toObject();
    assert.equal(answer.errcode ?? 0, 0, path + JSON.stringify(answer));
  }
  assert.ok((await api.get('/cgi-bin/message/wxopen/activityid/create')).toObject().activity_id);
});
await step('media', async () => {
  const form = new FormData();
  form.append('media', readFileSync(picture), 'picture.png');
  const uploaded = await account.getClient().post('/cgi-bin/media/upload', { params: { type: 'image' }, data: form });
  const got = await account.getClient().get('/cgi-bin/media/get', { params: { media_id: uploaded.toObject().media_id }, responseType: 'arraybuffer' });
  assert.deepEqual(Buffer.from(got.getContent()), readFileSync(picture));
});
await step('JS-SDK', async () => {
  const url = 'https://app.example.com/page?a=1';
  signed(await account.getUtils().buildJsSdkConfig(url, ['scanQRCode']), await account.getTicket().getTicket(), url);
});
await pushes(official, ['XML'], ['safe', 'compat', 'plain'], async (req, res) => {
  // In plain mode nobody configures a key, and with one this client encrypts every answer.
  const key = req.url.includes('encrypt_type=aes') ? push : { token: pushToken };
  const server = new OfficialAccount({ app_id: official.id, secret: official.secret, ...key })
    .setRequest(await ServerRequest.createFromIncomingMessage(req)).getServer();
  server.addMessageListener('text', (message) => answerTo(message.Content));
  const reply = await server.serve();
  res.writeHead(reply.getStatusCode(), reply.getHeaders()).end(reply.getBody());
});
