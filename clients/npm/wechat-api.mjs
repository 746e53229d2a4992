import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import API from 'wechat-api';
import { assert, client, official, openid, picture, signed } from './client.mjs';

const { step } = client('wechat-api');
const api = new API(official.id, official.secret);
const call = (method, ...args) => promisify(api[method]).apply(api, args);

await step('token', async () => {
  const first = await call('getAccessToken');
  const second = await call('getAccessToken');
  assert.notEqual(first.accessToken, second.accessToken);
});
await step('APIs', async () => {
  assert.equal((await call('getUser', openid)).openid, openid);
  assert.ok((await call('createTmpQRCode', 123, 60)).ticket);
  assert.ok((await call('createLimitQRCode', 7)).url);
  assert.ok((await call('getTicket', 'wx_card')).ticket);
  assert.equal((await call('getUser', { openid, lang: 'en' })).openid, openid);
});
await step('media', async () => {
  const { media_id: id } = await call('uploadMedia', picture, 'image');
  assert.deepEqual(await call('getMedia', id), readFileSync(picture));
});
await step('JS-SDK', async () => {
  const url = 'https://app.example.com/page?a=1';
  const config = await call('getJsConfig', { debug: false, jsApiList: ['scanQRCode'], url });
  signed(config, (await call('getLatestTicket')).ticket, url);
});
