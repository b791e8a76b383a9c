#!/bin/sh
# CPU per request of the gateway's data path and of nginx, interleaved in one run. Needs nginx, wrk and a release build
# of the examples bench_proxy and bench_upstream of crates/gateway. Usage: bench/data_path.sh [rounds] [seconds]
set -eu
rounds=${1:-3}
seconds=${2:-4}
here=$(cd "$(dirname "$0")" && pwd)
bin=${CARGO_TARGET_DIR:-$here/../target}/release/examples
work=$(mktemp -d)
ticks=$(getconf CLK_TCK)
nginx=$(command -v nginx || echo /usr/sbin/nginx)

"$bin/bench_upstream" 127.0.0.1:4101 & upstream=$!
"$bin/bench_proxy" 127.0.0.1:4100 http://127.0.0.1:4101 & writ=$!
"$nginx" -p "$work" -c "$here/nginx.conf" -g 'daemon off;' & master=$!
trap 'kill $upstream $writ $master 2>/dev/null; wait; rm -rf "$work"' EXIT
sleep 1

# User and system time of some processes, in clock ticks.
cpu() {
    total=0
    for pid in "$@"; do
        set -- $(sed 's/.*) //' "/proc/$pid/stat")
        total=$((total + ${12} + ${13}))
    done
    echo "$total"
}

# name port connections scenario kB stream pids…
measure() {
    name=$1 port=$2 connections=$3 scenario=$4 kb=$5 stream=$6
    shift 6
    before=$(cpu "$@")
    out=$(wrk -t1 -c"$connections" -d"${seconds}s" --latency -s "$here/wrk.lua" "http://127.0.0.1:$port" -- "$scenario" "$kb" "$stream")
    after=$(cpu "$@")
    requests=$(echo "$out" | awk '/requests in/ {print $1}')
    p50=$(echo "$out" | awk '$1 == "50%" {print $2}')
    bad=$(echo "$out" | grep -E 'Non-2xx|Socket errors' || true)
    awk -v n="$name" -v r="$requests" -v t=$((after - before)) -v hz="$ticks" -v s="$seconds" -v p="$p50" -v b="$bad" \
        'BEGIN { printf "%-7s %8.0f rps  p50 %9s  CPU %6.1f us/request  %s\n", n, r / s, p, t / hz / r * 1e6, b }'
}

workers=$(pgrep -P "$master")
compare() {
    echo "== $1: $2 connections, body $4 kB"
    round=0
    while [ "$round" -lt "$rounds" ]; do
        measure nginx 4102 "$2" "$3" "$4" "$5" $workers
        measure writ 4100 "$2" "$3" "$4" "$5" "$writ"
        round=$((round + 1))
    done
}

compare "JSON" 32 bench_json 60 false
compare "JSON" 1 bench_json 60 false
compare "JSON" 32 bench_json 2 false
compare "SSE, 60 events at once" 32 'bench_sse(events=60,delay_ms=0)' 60 true
compare "SSE, 60 events, 10 ms apart" 32 'bench_sse(events=60,delay_ms=10)' 60 true
grep -E 'VmHWM|VmRSS' "/proc/$writ/status"
