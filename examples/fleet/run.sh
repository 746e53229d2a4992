#!/usr/bin/env bash
# Runs a fleet on this machine without containers: a simulated WeChat, a Redis, one replica of the
# example on each framework, and in front of them nginx, or a small Go program where there is none.
#
#   examples/fleet/run.sh        then open http://127.0.0.1:8080; Ctrl-C stops everything
#
# PORT (8080) is the first of six ports in a row: proxy, WeChat, Redis, three replicas.
# PROXY=go leaves nginx out. SESSION_KEYS and REDIS_URL are made up unless they are set.
set -euo pipefail
cd "$(dirname "$0")/../.."

port=${PORT:-8080}
proxy=${PROXY:-$(command -v nginx >/dev/null && echo nginx || echo go)}
dir=$(mktemp -d)
pids=()

stop() {
  trap - EXIT
  trap '' INT TERM # once is enough: whoever is told to stop finishes what it has begun
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${pids[i]}" 2>/dev/null || true
    wait "${pids[i]}" 2>/dev/null || true
  done
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 0' INT TERM

# start NAME COMMAND... runs a command in the background, deaf to Ctrl-C: stop ends it in order.
start() {
  local name=$1
  shift
  (trap '' INT && exec "$@") >"$dir/$name.log" 2>&1 &
  pids+=($!)
}

# answers PORT waits until something listens there.
answers() {
  for _ in {1..200}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.05
  done
  echo "nothing listens on port $1:" >&2
  tail -n 5 "$dir"/*.log >&2
  exit 1
}

echo "building"
go build -o "$dir/bin/" ./cmd/wxsim ./examples/nethttp ./examples/chi ./examples/gin ./examples/fleet/roundrobin

start wechat "$dir/bin/wxsim" -addr "127.0.0.1:$((port + 1))" -appid wx0123456789abcdef -secret 00112233445566778899aabbccddeeff
if [ -z "${REDIS_URL:-}" ]; then
  command -v redis-server >/dev/null || { echo "there is no redis-server here: install one, or set REDIS_URL" >&2; exit 1; }
  mkdir "$dir/redis"
  start redis redis-server --bind 127.0.0.1 --port $((port + 2)) --dir "$dir/redis" --save '' --appendonly yes --maxmemory-policy noeviction
  answers $((port + 2))
  export REDIS_URL="redis://127.0.0.1:$((port + 2))"
fi
answers $((port + 1))

export SESSION_KEYS=${SESSION_KEYS:-$(head -c 32 /dev/urandom | base64)}
export PUBLIC_URL="http://127.0.0.1:$port" ANY_BROWSER=1
export WECHAT_APPID=wx0123456789abcdef WECHAT_SECRET=00112233445566778899aabbccddeeff
export WECHAT_API_URL="http://127.0.0.1:$((port + 1))" WECHAT_OPEN_URL="http://127.0.0.1:$((port + 1))"
replicas=()
for framework in nethttp chi gin; do
  at="127.0.0.1:$((port + 3 + ${#replicas[@]}))"
  ADDR=$at start "$framework" "$dir/bin/$framework"
  replicas+=("$at")
done
for at in "${replicas[@]}"; do answers "${at##*:}"; done

if [ "$proxy" = nginx ]; then
  mkdir "$dir/nginx"
  sed -e "s/\${LISTEN}/127.0.0.1:$port/" -e "s/\${REPLICA_1}/${replicas[0]}/" -e "s/\${REPLICA_2}/${replicas[1]}/" \
    -e "s/\${REPLICA_3}/${replicas[2]}/" examples/fleet/nginx.conf.template >"$dir/nginx/app.conf"
  cat >"$dir/nginx/nginx.conf" <<NGINX
daemon off;
pid $dir/nginx/pid;
error_log /dev/stderr crit;
events {}
http {
    client_body_temp_path $dir/nginx/body;
    proxy_temp_path $dir/nginx/proxy;
    fastcgi_temp_path $dir/nginx/fastcgi;
    uwsgi_temp_path $dir/nginx/uwsgi;
    scgi_temp_path $dir/nginx/scgi;
    include $dir/nginx/app.conf;
}
NGINX
  start proxy nginx -p "$dir/nginx" -e stderr -c "$dir/nginx/nginx.conf"
else
  start proxy "$dir/bin/roundrobin" -listen "127.0.0.1:$port" "${replicas[@]/#/http://}"
fi
answers "$port"

cat <<TEXT

  A fleet runs behind $proxy.

  Open      http://127.0.0.1:$port     each reload is served by the next replica
  WeChat    http://127.0.0.1:$((port + 1))
  Redis     $REDIS_URL
  replicas  ${replicas[*]}
  logs      $dir/*.log

  Try: sign in, then stop a replica (kill ${pids[*]: -4:3}), or Redis, and go on.
  Ctrl-C stops everything.

TEXT
wait
