#!/bin/sh
# Locks: pairs of acquire and release a second, durable, against Redis with appendfsync always, etcd and a lease row in
# PostgreSQL, on the same disk, one after the other, in rounds. What is not installed is left out.
# Usage: bench/locks.sh [rounds] [seconds] [clients]
#
#   cargo build --profile dist -p writ
#   apt-get install redis-server etcd-server postgresql
#
# On a disk that takes 3 ms for a sync (SLOW_DISK_US says how many microseconds are added; 2,900 when nobody says):
#
#   cc -shared -fPIC -O2 -o slow_disk.so bench/slow_disk.c
#   SLOW_DISK=$PWD/slow_disk.so bench/locks.sh
#
# etcd makes its system calls itself, past what is preloaded; strace, where it is installed, holds them up for as long.
set -eu
rounds=${1:-3}
seconds=${2:-5}
clients=${3:-32}
here=$(cd "$(dirname "$0")" && pwd)
bin=${CARGO_TARGET_DIR:-$here/../target}/${PROFILE:-dist}
load="$bin/lock_load"
[ "$load" -nt "$here/lock_load.rs" ] || rustc -O --edition 2024 -o "$load" "$here/lock_load.rs"
work=$(mktemp -d "${BENCH_DIR:-$here/../target}/locks.XXXXXX")
export WRIT_HOME="$work/home"
pids=
slow=${SLOW_DISK:+env LD_PRELOAD=$SLOW_DISK}
per_client=1000
if [ -n "$slow" ]; then
    per_client=250
    syncs=fsync,fdatasync
    slow_etcd="strace -D -f --seccomp-bpf -qq -o /dev/null -e trace=$syncs -e inject=$syncs:delay_enter=${SLOW_DISK_US:-2900}"
fi
# What redis-benchmark is to do in about the given time.
count=$((seconds * clients * per_client))
[ "$count" -le $((seconds * 8000)) ] || count=$((seconds * 8000))

stop() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    [ -z "${postgres:-}" ] || WRIT_POSTGRES_STATE="$work/pg" "$here/../scripts/postgres" stop > /dev/null 2>&1 || true
    wait
    rm -rf "$work"
}
trap stop EXIT

. "$here/plane.sh"
writ=$bin/writ
plane 4140
pids="$pids $plane"
api() { curl -sf -H 'content-type: application/json' -H "authorization: Bearer ${3:-}" -d "$2" "http://127.0.0.1:4140$1"; }
token() { sed 's/.*"token":"\([^"]*\)".*/\1/'; }
developer=$(api /v1/bootstrap "{\"token\":\"$bootstrap\",\"login\":\"bench\",\"password\":\"a long password for the bench\"}" | token)
tokens=
for _ in $(seq "$clients"); do
    tokens="$tokens $(api /v1/sessions '{}' "$developer" | token)"
done

if command -v redis-server > /dev/null; then
    mkdir "$work/redis"
    $slow redis-server --port 4141 --bind 127.0.0.1 --dir "$work/redis" --save '' --appendonly yes --appendfsync always \
        --daemonize no > "$work/redis.log" & pids="$pids $!"
    redis=yes
fi
if command -v etcd > /dev/null && { [ -z "$slow" ] || command -v strace > /dev/null; }; then
    ${slow_etcd:-} etcd --name bench --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:4142 \
        --advertise-client-urls http://127.0.0.1:4142 --listen-peer-urls http://127.0.0.1:4143 \
        --initial-advertise-peer-urls http://127.0.0.1:4143 --initial-cluster bench=http://127.0.0.1:4143 \
        > "$work/etcd.log" 2>&1 & pids="$pids $!"
    etcd=yes
fi
if command -v pgbench > /dev/null; then
    postgres=$(env WRIT_POSTGRES_STATE="$work/pg" $slow "$here/../scripts/postgres" start)
    psql -q "$postgres" -c 'CREATE DATABASE bench'
    postgres=${postgres%/*}/bench
    psql -q "$postgres" -c "CREATE TABLE leases (key int PRIMARY KEY, holder text, token bigint NOT NULL DEFAULT 0, until timestamptz);
        INSERT INTO leases (key) SELECT generate_series(1, 10000)"
    cat > "$work/lease.sql" <<'SQL'
\set key random(1, 10000)
UPDATE leases SET holder = 'bench', token = token + 1, until = now() + interval '60 s' WHERE key = :key AND (holder IS NULL OR until < now()) RETURNING token;
UPDATE leases SET holder = NULL WHERE key = :key AND holder = 'bench';
SQL
fi
sleep 2

# How long a sync takes, as a program that WORDS come in front of sees it: syncs NAME [WORDS]
syncs() {
    name=$1
    shift
    "$@" python3 - "$work/sync" "$name" <<'PY'
import os, sys, time
file, times = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), []
for _ in range(300):
    os.write(file, b"x" * 4096)
    start = time.perf_counter()
    os.fdatasync(file)
    times.append(time.perf_counter() - start)
print(f"fdatasync {sys.argv[2]}  p50 {sorted(times)[150] * 1000:.2f} ms  p90 {sorted(times)[270] * 1000:.2f} ms")
PY
}

redis_pair="if redis.call('set',KEYS[1],ARGV[1],'NX','PX',60000) then local t=redis.call('incr','token') if redis.call('get',KEYS[1])==ARGV[1] then redis.call('del',KEYS[1]) end return t end return 0"
redis_acquire="if redis.call('set',KEYS[1],ARGV[1],'NX','PX',60000) then return redis.call('incr','token') end return 0"
round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    echo "== round $round, $clients clients, load $(cut -d' ' -f1 /proc/loadavg)"
    # shellcheck disable=SC2086
    syncs "${slow:+preloaded}" ${slow:-env}
    # shellcheck disable=SC2086
    [ -z "${slow_etcd:-}" ] || syncs "of etcd" $slow_etcd
    # shellcheck disable=SC2086
    echo "writ         two requests  $("$load" 127.0.0.1:4140 pair "$clients" "$seconds" $tokens)"
    # shellcheck disable=SC2086
    echo "writ         one request   $("$load" 127.0.0.1:4140 momentary "$clients" "$seconds" $tokens)"
    if [ -n "${redis:-}" ]; then
        one=$(redis-benchmark -p 4141 -c "$clients" -n "$count" -r 10000 --csv EVAL "$redis_pair" 1 lock:__rand_int__ me | tail -1)
        # Half of a pair: a release is a second such request.
        half=$(redis-benchmark -p 4141 -c "$clients" -n "$count" -r 1000000000 --csv EVAL "$redis_acquire" 1 lock:__rand_int__ me | tail -1)
        echo "$one" | awk -F'","|"' '{ printf "redis always one request   %.0f pairs/s  p50 %s ms\n", $(NF - 7), $(NF - 4) }'
        echo "$half" | awk -F'","|"' '{ printf "redis always two requests  %.0f pairs/s\n", $(NF - 7) / 2 }'
    fi
    [ -z "${etcd:-}" ] || echo "etcd         two requests  $("$load" 127.0.0.1:4142 etcd "$clients" "$seconds")"
    if [ -n "${postgres:-}" ]; then
        pgbench -n -M prepared -f "$work/lease.sql" -c "$clients" -j 2 -T "$seconds" "$postgres" 2> /dev/null |
            awk '/^tps/ { tps = $3 } /latency average/ { lat = $4 } END { printf "postgres row two requests  %.0f pairs/s  mean %.2f ms per pair\n", tps, lat }'
    fi
done
echo "of writ: $(ps -o rss= -p "$plane") kB of memory"
