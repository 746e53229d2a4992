"""A whole login, a fault, a jump of the clock and a push, with nothing but the standard library."""
import json
import os
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from urllib.request import Request, urlopen

WXSIM = os.environ["WXSIM_URL"]
APP = os.environ["APP_URL"]


def api(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{WXSIM}/wxsim/api/{path}", data, method=method)) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def wechat(path, **query):
    with urlopen(f"{WXSIM}{path}?{urlencode(query)}") as answer:
        return json.load(answer)


account = next(a for a in api("GET", "apps")["apps"] if a["kind"] == "official_account")
user = api("POST", "users", {"nickname": "小红"})


def log_in():
    """Opens the authorize page as the user, allows, and returns the code of the callback."""
    url = (f"{WXSIM}/connect/oauth2/authorize?appid={account['appid']}&redirect_uri={quote(APP + '/back', safe='')}"
           "&response_type=code&scope=snsapi_userinfo&state=s1#wechat_redirect")
    back = api("POST", "consent", {"url": url, "user": user["openid"], "decision": "allow"})["location"]
    query = parse_qs(urlsplit(back).query)
    assert back.startswith(APP + "/back?") and query["state"] == ["s1"], back
    return query["code"][0]


def exchange(code):
    return wechat("/sns/oauth2/access_token", appid=account["appid"], secret=account["secret"], code=code,
                  grant_type="authorization_code")


# A login.
token = exchange(log_in())
assert token["openid"] == user["openid"], token
who = wechat("/sns/userinfo", access_token=token["access_token"], openid=token["openid"])
assert who["nickname"] == "小红", who

# A fault, once.
api("POST", "faults", {"path": "/sns/userinfo", "kind": "code", "number": 45009, "times": 1})
codes = [wechat("/sns/userinfo", access_token=token["access_token"], openid=token["openid"]).get("errcode", 0)
         for _ in range(2)]
assert codes == [45009, 0], codes

# A code that is too old.
code = log_in()
api("POST", "clock", {"by": "5m"})
late = exchange(code)
assert late["errcode"] == 42003, late

# A push, and what the app answered.
told = api("POST", "push", {"event": {"type": "text", "openid": user["openid"], "key": "你好"},
                            "target": {"url": APP + "/push", "token": "t", "mode": "plain", "format": "xml"}})
assert told == {"status": 200, "body": "success"}, told

# What was called.
calls = api("GET", "calls?path=/sns/userinfo&count=3&timeout=5s")["calls"]
assert [c["code"] for c in calls[-3:]] == [0, 45009, 0], calls
print("python: ok")
