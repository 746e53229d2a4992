# A whole login, a fault, a jump of the clock and a push, with curl, grep and sed.
set -euo pipefail

api() { # METHOD PATH [JSON]
  curl -sS --fail-with-body -X "$1" "$WXSIM_URL/wxsim/api/$2" ${3:+--data "$3"}
}
field() { # NAME, of the JSON on stdin: the first of that name
  grep -o "\"$1\":\(\"[^\"]*\"\|[0-9-]*\)" | head -n 1 | sed "s/^\"$1\"://; s/\"//g"
}
want() { # WHAT IS
  [ "$1" = "$2" ] || { echo "got $2, want $1" >&2; exit 1; }
}

account=$(api GET apps | grep -o '{"kind":"official_account"[^}]*}' | head -n 1)
appid=$(field appid <<<"$account") secret=$(field secret <<<"$account")
openid=$(api POST users '{"nickname":"小绿"}' | field openid)

# Opens the authorize page as the user, allows, and prints the code of the callback.
log_in() {
  local back="${APP_URL//:/%3A}"
  local url="$WXSIM_URL/connect/oauth2/authorize?appid=$appid&redirect_uri=${back//\//%2F}%2Fback&response_type=code&scope=snsapi_userinfo&state=s1"
  api POST consent "{\"url\":\"$url\",\"user\":\"$openid\"}" | field location | sed 's/.*[?&]code=\([^&]*\).*/\1/'
}
exchange() { # CODE
  curl -sS "$WXSIM_URL/sns/oauth2/access_token?appid=$appid&secret=$secret&code=$1&grant_type=authorization_code"
}

# A login.
session=$(exchange "$(log_in)")
want "$openid" "$(field openid <<<"$session")"
token=$(field access_token <<<"$session")
userinfo() { curl -sS "$WXSIM_URL/sns/userinfo?access_token=$token&openid=$openid"; }
want 小绿 "$(userinfo | field nickname)"

# A fault, once.
api POST faults '{"path":"/sns/userinfo","kind":"code","number":45009,"times":1}' >/dev/null
want 45009 "$(userinfo | field errcode)"
want 小绿 "$(userinfo | field nickname)"

# A code that is too old.
code=$(log_in)
api POST clock '{"by":"5m"}' >/dev/null
want 42003 "$(exchange "$code" | field errcode)"

# A push, and what the app answered.
told=$(api POST push "{\"event\":{\"type\":\"text\",\"openid\":\"$openid\",\"key\":\"你好\"},\"target\":{\"url\":\"$APP_URL/push\",\"token\":\"t\",\"mode\":\"plain\"}}")
want success "$(field body <<<"$told")"

# What was called.
want 45009 "$(api GET 'calls?path=/sns/userinfo&code=45009&count=1&timeout=5s' | field code)"
echo "curl: ok"
