// What the programs of this folder share. Each prints one line of JSON for every step that a client
// takes against wxsim; ../clients_test.go starts them and reads the lines.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

export { assert };

const env = process.env;
export const wxsim = `http://${env.WXSIM_ADDR}`;
export const official = { id: env.WECHAT_APPID, secret: env.WECHAT_SECRET };
export const website = { id: env.WECHAT_WEBSITE_APPID, secret: env.WECHAT_WEBSITE_SECRET };
export const mini = { id: env.WECHAT_MINI_APPID, secret: env.WECHAT_MINI_SECRET };
export const openid = env.WXSIM_OPENID; // of the one user, at the official account
export const callback = 'https://app.example.com/callback?from=wechat';
export const picture = env.WXSIM_PICTURE;

// The client that this program is about, as the table names it.
export function client(name) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  const write = (line) => console.log(JSON.stringify({ client: `${name} ${version}`, ...line }));
  return {
    // step runs one step to its end and prints how it went.
    async step(step, run) {
      try {
        await run();
        write({ step });
      } catch (err) {
        write({ step, error: `${err.name} ${err.code ?? ''} ${err.message}`.slice(0, 500) });
      }
    },

    // pushes answers WeChat's pushes with a handler of node:http until the test has sent them all.
    // app is whose pushes they are; formats and modes are those that the client can read.
    async pushes(app, formats, modes, handler) {
      const server = createServer(async (req, res) => {
        try {
          await handler(req, res);
        } catch (err) {
          res.writeHead(500).end(String(err.stack));
        }
      });
      await promisify(server.listen).call(server, 0, '127.0.0.1');
      write({ step: 'push', url: `http://127.0.0.1:${server.address().port}/push`, appid: app.id, formats, modes });
      for await (const _ of process.stdin); // the test closes it
      server.close();
    },
  };
}

export const pushToken = env.WXSIM_PUSH_TOKEN;
export const pushKey = env.WXSIM_PUSH_KEY;
export const answerTo = (text) => `你说：${text}`;

// visit is the browser: it opens a login page of WeChat and is sent back to the app.
export async function visit(url, state = '') {
  const res = await fetch(url, { redirect: 'manual' });
  assert.equal(res.status, 302, `the login page answers ${res.status}`);
  const back = new URL(res.headers.get('location'));
  assert.equal(back.origin + back.pathname + '?from=wechat', callback);
  assert.equal(back.searchParams.get('from'), 'wechat');
  assert.equal(back.searchParams.get('state') ?? '', state);
  return back.searchParams.get('code');
}

async function json(path) {
  const res = await fetch(wxsim + path);
  assert.equal(res.status, 200, `${path} answers ${res.status}`);
  return res.json();
}

// What a mini program gets on the phone.
export const jsCode = async () => (await json('/wxsim/js_code')).code;
export const phoneCode = async () => (await json('/wxsim/phone_code')).code;
export const phoneData = () => json('/wxsim/phone_data');

// signed checks a JS-SDK configuration against the ticket it was made with.
export function signed(config, ticket, url) {
  const text = `jsapi_ticket=${ticket}&noncestr=${config.nonceStr}&timestamp=${config.timestamp}&url=${url}`;
  assert.equal(config.signature, createHash('sha1').update(text).digest('hex'));
}
