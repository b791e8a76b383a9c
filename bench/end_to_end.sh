#!/bin/sh
# A real `writ serve` with everything on (SQLite, synchronous=FULL, reservation before delivery, settlement after) against
# nginx and against the upstream itself, interleaved in one run. Usage: bench/end_to_end.sh [rounds] [seconds] [database]
set -eu
rounds=${1:-3}
seconds=${2:-4}
here=$(cd "$(dirname "$0")" && pwd)
bin=${CARGO_TARGET_DIR:-$here/../target}/release
work=$(mktemp -d)
ticks=$(getconf CLK_TCK)
nginx=$(command -v nginx || echo /usr/sbin/nginx)
export WRIT_HOME="$work/home"

echo 'sk-bench' > "$work/key"
cat > "$work/writ.toml" <<TOML
listen = "127.0.0.1:4100"
data_dir = "$work/data"
${3:+database = \"$3\"}
[log]
level = "warn"
[[upstreams]]
name = "bench"
base_url = "http://127.0.0.1:4101"
key_file = "$work/key"
TOML

"$bin/examples/bench_upstream" 127.0.0.1:4101 & upstream=$!
"$bin/writ" serve --config "$work/writ.toml" 2> "$work/log" & writ=$!
"$nginx" -p "$work" -c "$here/nginx.conf" -g 'daemon off;' & master=$!
trap 'kill $upstream $writ $master 2>/dev/null; wait; rm -rf "$work"' EXIT
sleep 2
bootstrap=$(sed -n 's/.*--bootstrap //p' "$work/log")
echo 'a long password for the bench' |
    "$bin/writ" login http://127.0.0.1:4100 --login bench --bootstrap "$bootstrap" --password-stdin > /dev/null
bearer=$("$bin/writ" token)

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
    out=$(wrk -t1 -c"$connections" -d"${seconds}s" --latency -s "$here/wrk.lua" "http://127.0.0.1:$port" -- "$scenario" "$kb" "$stream" "$bearer")
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
        measure direct 4101 "$2" "$3" "$4" "$5" $upstream
        measure nginx 4102 "$2" "$3" "$4" "$5" $workers
        measure writ 4100 "$2" "$3" "$4" "$5" "$writ"
        round=$((round + 1))
    done
}

compare "JSON, instant upstream" 32 bench_json 60 false
compare "JSON, upstream answers after 50 ms" 8 'bench_json(ttfb_ms=50)' 60 false
compare "SSE, 60 events at once" 32 'bench_sse(events=60,delay_ms=0)' 60 true
compare "SSE, 60 events, 10 ms apart" 32 'bench_sse(events=60,delay_ms=10)' 60 true
"$bin/writ" log verify
grep -E 'VmHWM|VmRSS' "/proc/$writ/status"
