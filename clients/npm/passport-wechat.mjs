import Strategy from 'passport-wechat';
import { assert, callback, client, official, openid, visit, website } from './client.mjs';

const { step } = client('passport-wechat');

// authenticate runs a strategy on a request as passport does.
function authenticate(strategy, query) {
  return new Promise((resolve, reject) => {
    const run = Object.create(strategy);
    run.redirect = (location) => resolve({ location });
    run.success = (user) => resolve({ user });
    run.fail = (why) => reject(new Error(`fail ${why}`));
    run.error = reject;
    run.authenticate({ _passport: {}, query, protocol: 'https', get: () => 'app.example.com', originalUrl: '/callback' }, {});
  });
}

async function login(app, options) {
  const strategy = new Strategy(
    { appID: app.id, appSecret: app.secret, callbackURL: callback, ...options },
    (accessToken, refreshToken, profile, expiresIn, done) => done(null, { ...profile, refreshToken }),
  );
  const { location } = await authenticate(strategy, {});
  return (await authenticate(strategy, { code: await visit(location) })).user;
}

let user;
await step('login', async () => {
  assert.equal((await login(official, { scope: 'snsapi_base' })).openid, openid);
  user = await login(official, {});
  assert.equal(user.openid, openid);
  assert.ok(user.refreshToken);
  const there = await login(website, { client: 'web', scope: 'snsapi_login' });
  assert.equal(there.unionid, user.unionid);
});
await step('userinfo', async () => assert.equal(user.nickname, '小明'));
