#!/bin/sh
# How long a workspace takes, on a repository of 20,000 files: the whole of `writ run -- true` in a workspace and in place (the
# difference is the workspace: made, looked through, and gone), beside `git worktree add` and `git clone --shared`; and a
# session that changes one file, whose work is kept.
# Usage: bench/workspace.sh [path of writ] [rounds]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
writ=${1:-${CARGO_TARGET_DIR:-$here/../target}/release/writ}
writ=$(cd "$(dirname "$writ")" && pwd)/writ
rounds=${2:-7}
work=$(mktemp -d)
export WRIT_HOME="$work/home"
export GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_CONFIG_NOSYSTEM=1

. "$here/plane.sh"
trap 'kill $plane 2>/dev/null; wait; rm -rf "$work"' EXIT
plane 4131
sign_in 4131

cat > "$work/measure.py" <<'PY'
import os, shutil, subprocess, sys, time

writ, rounds, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
repository = os.path.join(work, "checkout")


def git(*arguments):
    subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True)


def timed(*words):
    began = time.perf_counter()
    done = subprocess.run(words, cwd=repository, capture_output=True, stdin=subprocess.DEVNULL)
    took = time.perf_counter() - began
    assert done.returncode == 0, done
    return took


def rows(cases):
    """Each case once in every round, so that what else the machine does meets all of them."""
    took = {name: [] for name in cases}
    for _ in range(rounds):
        for name, once in cases.items():
            took[name].append(once())
    for name, times in took.items():
        times.sort()
        print(f"{name:44} median {times[rounds // 2]:5.2f} s   best {times[0]:5.2f} s")


os.makedirs(repository)
for number in range(20_000):
    folder = os.path.join(repository, f"d{number // 2000}", f"s{number // 100}")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"f{number % 100}.txt"), "w") as file:
        file.write(f"line {number}\n" * 500)
subprocess.run(["git", "init", "-q", "-b", "main", repository], check=True)
git("config", "--global", "user.name", "Bench")
git("config", "--global", "user.email", "bench@localhost")
# Otherwise the commit starts a collection of its own in the background, which the one below finds at work.
git("config", "--global", "gc.auto", "0")
git("add", "--all")
git("commit", "-q", "-m", "Start")
git("gc", "-q")
os.sync()


def beside(*words):
    took = timed(*words)
    shutil.rmtree(os.path.join(work, "beside"))
    git("worktree", "prune")
    return took


aside = os.path.join(work, "beside")
rows({
    "git worktree add": lambda: beside("git", "worktree", "add", "-q", "--detach", aside),
    "git clone --shared": lambda: beside("git", "clone", "-q", "--shared", repository, aside),
    "writ run --here -- true": lambda: timed(writ, "run", "--here", "--", "true"),
    "writ run -- true (nothing changed)": lambda: timed(writ, "run", "--", "true"),
    "writ run, one file changed and kept": lambda: timed(writ, "run", "--", "sh", "-c", "echo x >new"),
})
PY
python3 "$work/measure.py" "$writ" "$rounds" "$work"
