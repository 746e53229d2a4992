import { promisify } from 'node:util';
import OAuth from 'wechat-oauth';
import { assert, callback, client, jsCode, mini, official, openid, phoneData, visit, website } from './client.mjs';

const { step } = client('wechat-oauth');
const oauth = new OAuth(official.id, official.secret);
const call = (object, method, ...args) => promisify(object[method]).apply(object, args);

let token;
await step('login', async () => {
  const base = await call(oauth, 'getAccessToken', await visit(oauth.getAuthorizeURL(callback)));
  assert.equal(base.data.openid, openid);
  token = await call(oauth, 'getAccessToken', await visit(oauth.getAuthorizeURL(callback, 'a-state_1', 'snsapi_userinfo'), 'a-state_1'));
  const site = new OAuth(website.id, website.secret);
  const there = await call(site, 'getAccessToken', await visit(site.getAuthorizeURLForWebsite(callback)));
  assert.equal(there.data.unionid, token.data.unionid);
});
await step('refresh', async () => {
  const fresh = await call(oauth, 'refreshAccessToken', token.data.refresh_token);
  assert.equal(fresh.data.openid, openid);
});
await step('userinfo', async () => {
  assert.equal((await call(oauth, 'getUser', openid)).nickname, '小明');
  await call(oauth, 'verifyToken', openid, token.data.access_token);
});
await step('code2Session', async () => {
  const app = new OAuth(mini.id, mini.secret, null, null, true);
  const session = await call(app, 'getSessionKey', await jsCode());
  assert.equal(session.data.session_key.length, 24);
  const user = new OAuth(mini.id, mini.secret).decryptMiniProgramUser({ sessionKey: session.data.session_key, ...(await phoneData()) });
  assert.equal(user.watermark.appid, mini.id);
});
