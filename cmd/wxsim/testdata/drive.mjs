// A whole login, a fault, a jump of the clock and a push, with nothing but Node.
import assert from "node:assert/strict";

const { WXSIM_URL: wxsim, APP_URL: app } = process.env;

const api = async (method, path, body) => {
  const answer = await fetch(`${wxsim}/wxsim/api/${path}`, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
};
const wechat = async (path, query) => (await fetch(`${wxsim}${path}?${new URLSearchParams(query)}`)).json();

const { apps } = await api("GET", "apps");
const account = apps.find(a => a.kind === "official_account");
const user = await api("POST", "users", { nickname: "小蓝" });

// Opens the authorize page as the user, allows, and returns the code of the callback.
const logIn = async () => {
  const url = `${wxsim}/connect/oauth2/authorize?appid=${account.appid}&redirect_uri=${encodeURIComponent(app + "/back")}` +
    "&response_type=code&scope=snsapi_userinfo&state=s1#wechat_redirect";
  const back = new URL((await api("POST", "consent", { url, user: user.openid, decision: "allow" })).location);
  assert.equal(back.searchParams.get("state"), "s1");
  return back.searchParams.get("code");
};
const exchange = code => wechat("/sns/oauth2/access_token", {
  appid: account.appid, secret: account.secret, code, grant_type: "authorization_code",
});

// A login.
const token = await exchange(await logIn());
assert.equal(token.openid, user.openid);
const userinfo = () => wechat("/sns/userinfo", { access_token: token.access_token, openid: token.openid });
assert.equal((await userinfo()).nickname, "小蓝");

// A fault, once.
await api("POST", "faults", { path: "/sns/userinfo", kind: "code", number: 45009, times: 1 });
assert.equal((await userinfo()).errcode, 45009);
assert.equal((await userinfo()).errcode, undefined);

// A code that is too old.
const code = await logIn();
await api("POST", "clock", { by: "5m" });
assert.equal((await exchange(code)).errcode, 42003);

// A push, and what the app answered.
assert.deepEqual(await api("POST", "push", {
  event: { type: "text", openid: user.openid, key: "你好" },
  target: { url: app + "/push", token: "t", mode: "plain", format: "json" },
}), { status: 200, body: "success" });

// What was called.
const { calls } = await api("GET", "calls?path=/sns/userinfo&count=3&timeout=5s");
assert.deepEqual(calls.slice(-3).map(c => c.code), [0, 45009, 0]);
console.log("node: ok");
