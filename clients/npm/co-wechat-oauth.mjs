import OAuth from 'co-wechat-oauth';
import { assert, callback, client, official, openid, visit, website } from './client.mjs';

const { step } = client('co-wechat-oauth');
const oauth = new OAuth(official.id, official.secret);

let token;
await step('login', async () => {
  const base = await oauth.getAccessToken(await visit(oauth.getAuthorizeURL(callback)));
  assert.equal(base.data.openid, openid);
  token = await oauth.getAccessToken(await visit(oauth.getAuthorizeURL(callback, '', 'snsapi_userinfo')));
  const site = new OAuth(website.id, website.secret);
  const there = await site.getAccessToken(await visit(site.getAuthorizeURLForWebsite(callback)));
  assert.equal(there.data.unionid, token.data.unionid);
});
await step('refresh', async () => {
  const fresh = await oauth.refreshAccessToken(token.data.refresh_token);
  assert.equal(fresh.data.openid, openid);
});
await step('userinfo', async () => {
  assert.equal((await oauth.getUser({ openid })).nickname, '小明');
  await oauth.verifyToken(openid, token.data.access_token);
});
