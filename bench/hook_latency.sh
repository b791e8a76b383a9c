#!/bin/sh
# How long a hook takes, process start included: `writ hook` inside a session of a control plane on loopback, answered by the
# launcher alone; beside it a process that does nothing, which is what starting one costs here.
# Usage: bench/hook_latency.sh [path of writ] [calls per row]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
writ=${1:-${CARGO_TARGET_DIR:-$here/../target}/release/writ}
writ=$(cd "$(dirname "$writ")" && pwd)/writ
calls=${2:-500}
work=$(mktemp -d)
export WRIT_HOME="$work/home"

. "$here/plane.sh"
trap 'kill $plane 2>/dev/null; wait; rm -rf "$work"' EXIT
plane 4130
sign_in 4130

cat > "$work/measure.py" <<'PY'
import json, os, subprocess, sys, time

writ, calls = sys.argv[1], int(sys.argv[2])
path = os.path.join(os.getcwd(), "pool.toml")
content = "one\n" * 200
with open(path, "w") as file:
    file.write(content)
common = {"session_id": "c", "cwd": os.getcwd(), "tool_use_id": "t"}
shown = {"content": content, "startLine": 1, "numLines": 200, "totalLines": 200}
read = common | {"tool_name": "Read", "tool_input": {"file_path": path}, "tool_response": {"type": "text", "file": shown}}
edit = common | {"tool_name": "Edit", "tool_input": {"file_path": path, "old_string": "one\none", "new_string": "two"}}
bash = common | {"tool_name": "Bash", "tool_input": {"command": "cd src && grep -rn foo . | head -20; sed -n 1,5p pool.toml"}}


def once(words, body):
    began = time.perf_counter()
    done = subprocess.run(words, input=body, capture_output=True)
    took = time.perf_counter() - began
    assert done.returncode == 0, done
    return took * 1000


def row(name, words, message):
    body = json.dumps(message).encode()
    for _ in range(20):
        once(words, body)
    took = sorted(once(words, body) for _ in range(calls))
    print(f"{name:36} p50 {took[calls // 2]:6.2f} ms   p99 {took[calls * 99 // 100]:6.2f} ms")


row("a process that does nothing", ["/bin/true"], {})
row("PostToolUse Read", [writ, "hook", "PostToolUse"], read)
row("PreToolUse Edit, lock held", [writ, "hook", "PreToolUse"], edit)
row("PreToolUse Bash", [writ, "hook", "PreToolUse"], bash)
row("PreToolUse Edit in a shell", ["sh", "-c", f"{writ} hook PreToolUse || exit 2"], edit)
# 400 more files that the agent has read: each command looks at all of them.
for number in range(400):
    other = f"{path}.{number}"
    with open(other, "w") as file:
        file.write(content)
    more = read | {"tool_input": {"file_path": other}}
    subprocess.run([writ, "hook", "PostToolUse"], input=json.dumps(more).encode(), check=True)
row("PreToolUse Bash, 400 files read", [writ, "hook", "PreToolUse"], bash)
PY
mkdir "$work/api"
cd "$work/api"
git init --quiet .
"$writ" run -- python3 "$work/measure.py" "$writ" "$calls" 2> "$work/run.log" || cat "$work/run.log"
