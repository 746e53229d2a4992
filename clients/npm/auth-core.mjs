import { Auth } from '@auth/core';
import WeChat from '@auth/core/providers/wechat';
import { assert, client, website } from './client.mjs';

const { step } = client('@auth/core');
const origin = 'https://app.example.com';
let profile;
const config = {
  basePath: '/auth', secret: 'a secret of thirty-two characters', trustHost: true,
  providers: [WeChat({ clientId: website.id, clientSecret: website.secret, platformType: 'WebsiteApp' })],
  callbacks: { signIn: (login) => !!(profile = login.profile) },
};

// open is a browser with its cookies.
const cookies = new Map();
async function open(url, body) {
  const headers = { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') };
  const res = await Auth(new Request(new URL(url, origin), { method: body ? 'POST' : 'GET', body, headers }), config);
  for (const cookie of res.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
    cookies.set(name, value);
  }
  return res;
}

await step('login', async () => {
  const { csrfToken } = await (await open('/auth/csrf')).json();
  const login = await open('/auth/signin/wechat', new URLSearchParams({ csrfToken, callbackUrl: `${origin}/me` }));
  const page = await fetch(login.headers.get('location'), { redirect: 'manual' });
  const end = await open(page.headers.get('location')); // posts the code
  assert.equal(end.headers.get('location'), `${origin}/me`);
});
await step('userinfo', async () => {
  const { user } = await (await open('/auth/session')).json();
  assert.equal(user.name, '小明');
  assert.ok(profile.unionid);
});
