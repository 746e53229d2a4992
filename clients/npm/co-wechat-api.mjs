import { readFileSync } from 'node:fs';
import API from 'co-wechat-api';
import { assert, client, jsCode, mini, official, openid, picture, signed } from './client.mjs';

const { step } = client('co-wechat-api');
const api = new API(official.id, official.secret);

await step('token', async () => {
  const first = await api.getAccessToken();
  const second = await api.getAccessToken();
  assert.notEqual(first.accessToken, second.accessToken);
});
await step('APIs', async () => {
  assert.equal((await api.getUser(openid)).openid, openid);
  assert.ok((await api.createTmpQRCode(123, 60)).ticket);
  assert.ok((await api.createLimitQRCode('shop 7')).url);
  assert.ok((await api.getTicket('wx_card')).ticket);
  api.store.accessToken = 'a token that is dead'; // it fetches another by itself
  assert.equal((await api.getUser({ openid, lang: 'en' })).openid, openid);
});
await step('code2Session', async () => {
  const session = await new API(mini.id, mini.secret).code2Session(await jsCode());
  assert.equal(session.session_key.length, 24);
});
await step('media', async () => {
  const { media_id: id } = await api.uploadMedia(picture, 'image');
  assert.deepEqual(await api.getMedia(id), readFileSync(picture));
});
await step('JS-SDK', async () => {
  const url = 'https://app.example.com/page?a=1';
  const config = await api.getJsConfig({ debug: false, jsApiList: ['scanQRCode'], url });
  signed(config, (await api.getLatestTicket()).ticket, url);
});
