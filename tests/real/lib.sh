# Shared by the scripts of this folder: where a part keeps its state, free ports, bounded waits, an end by pid.
# Sourced, not run. A script sets `part` first and defines `launch` (starts it, ends with `publish`) and `halt`.
#
# State lies in $WRIT_REAL_STATE/PART, by default .test-tools/real/PART: the name of the folder in /tmp where it runs
# (a short path, for Unix sockets) and what it was started with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
umask 022 # logs are for the tests to read, under whatever user they run

project=$PWD
tools=$project/.test-tools
state=${WRIT_REAL_STATE:-$tools/real}/$part
lock_wait_s=300      # another start of the same part: the slowest takes a minute on a busy machine
start_wait_s=120     # a busy machine, not a hang
stop_wait_s=20       # then it is killed
ports_tried_max=100

fail() {
    echo "tests/real/$part: $*" >&2
    exit 1
}

# Below the range from which the kernel picks ports for outgoing connections.
free_port() {
    local port attempt
    for ((attempt = 0; attempt < ports_tried_max; attempt++)); do
        port=$((20000 + RANDOM % 12000))
        listening "$port" || {
            echo "$port"
            return
        }
    done
    fail "none of $ports_tried_max ports is free"
}

random_hex() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# wait_for SECONDS COMMAND…: whether the command succeeds within that time; the caller says what was waited for.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_until_up PIDFILE COMMAND…: until the command succeeds; fails when the process ends before.
wait_until_up() {
    local pid
    pid=$(cat "$1")
    wait_for "$start_wait_s" settled "$pid" "${@:2}" || fail "$(basename "$1" .pid) did not listen within $start_wait_s s"
    "${@:2}" >/dev/null 2>&1 || fail "$(basename "$1" .pid) ended at once"
}

settled() {
    ! kill -0 "$1" || "${@:2}"
}

# publish KEY VALUE…: what `start` prints, written when all is up: one JSON object on one line. A port is a number,
# everything else a string. Secrets may be in it.
publish() {
    (umask 077 && json "$@" >"$folder/json.new")
    mv "$folder/json.new" "$folder/json"
}

json() {
    local separator='{' value
    while [ $# -gt 0 ]; do
        value=${2//\\/\\\\}
        value=${value//\"/\\\"}
        [ "$1" = port ] || value="\"$value\""
        printf '%s"%s":%s' "$separator" "$1" "$value"
        separator=,
        shift 2
    done
    echo '}'
}

# Whether the process of a pid file runs and is ours: after a reboot the number may belong to somebody else.
alive() {
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
    { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF "$folder/"
}

# end PIDFILE…: ends these, in this order, by force if they do not end in time.
end() {
    local file
    for file; do
        alive "$file" || continue
        kill "$(cat "$file")" 2>/dev/null || true
        wait_for "$stop_wait_s" gone "$file" || kill -KILL "$(cat "$file")" 2>/dev/null || true
        wait_for "$stop_wait_s" gone "$file" || echo "tests/real/$part: process $(cat "$file") does not end" >&2
    done
}

gone() {
    ! alive "$1"
}

need() {
    command -v "$1" >/dev/null || [ -x "$1" ] || fail "$1 is not installed; install it with: tests/real/install $part"
}

read_state() {
    folder=$(cat "$state/folder" 2>/dev/null) && [ -d "$folder" ]
}

# Every process it started lives: each has a pid file in its folder.
running() {
    local file
    read_state && [ -s "$folder/json" ] || return 1
    for file in "$folder"/*.pid; do
        alive "$file" || return 1
    done
}

# start ARGUMENT…: starts it or keeps the running one, and prints its JSON.
start() {
    if running; then
        [ "$(cat "$state/arguments")" = "$*" ] || fail "it runs already, for: $(cat "$state/arguments")
stop it first, or set WRIT_REAL_STATE to another folder"
        cat "$folder/json"
        return
    fi
    stop
    mkdir -p "$state"
    folder=$(mktemp -d "${TMPDIR:-/tmp}/writ-$part.XXXXXX")
    chmod 711 "$folder"
    echo "$folder" >"$state/folder" # first, so that `stop` cleans up after a start that fails half-way
    echo "$*" >"$state/arguments"
    trap explain EXIT
    (launch "$@") >"$folder/start.log" 2>&1 </dev/null
    trap - EXIT
    cat "$folder/json"
}

# What a start that failed said; its remains stay to be looked at, until the next start or stop.
explain() {
    tail -q -n 20 "$folder/start.log" "$folder/log" >&2 2>/dev/null || true
    echo "tests/real/$part: it did not start; its logs are in $folder" >&2
}

stop() {
    read_state || return 0
    halt
    rm -rf "$folder" "$state"
}

# main VERB ARGUMENT…: one at a time for each state folder, so that tests in several processes may share a part. The
# lock is not handed down to what is started (-o).
main() {
    if [ "$(id -u)" -ne 0 ]; then
        exec sudo -E "$project/tests/real/$part" "$@"
    fi
    if [ -z "${WRIT_REAL_LOCKED:-}" ]; then
        mkdir -p "$(dirname "$state")"
        exec env WRIT_REAL_LOCKED=1 flock -o -w "$lock_wait_s" "$state.lock" "$project/tests/real/$part" "$@"
    fi
    unset WRIT_REAL_LOCKED
    local verb=${1:-}
    [ $# -eq 0 ] || shift
    case $verb in
    start) start "$@" ;;
    stop) stop ;;
    url)
        running || fail "none is running; start one with: tests/real/$part start"
        cat "$folder/json"
        ;;
    install) exec "$project/tests/real/install" "$part" ;;
    *) fail "use: tests/real/$part start|url|stop|install" ;;
    esac
}
