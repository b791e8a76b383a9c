#!/bin/sh
# What the wall at `git push` adds: pushes of 1, 1,000 and 10,000 files to a bare repository with and without the hook, and the
# hook's own time, interleaved in one run. A real `writ serve` on SQLite with synchronous=FULL. Usage: bench/push_check.sh [rounds]
set -eu
rounds=${1:-9}
here=$(cd "$(dirname "$0")" && pwd)
writ=${CARGO_TARGET_DIR:-$here/../target}/${PROFILE:-release}/writ
work=$(mktemp -d)
export WRIT_HOME="$work/home" HOME="$work" GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_CONFIG_NOSYSTEM=1
git config --global user.name bench && git config --global user.email bench@example.com
git config --global init.defaultBranch main && git config --global gc.auto 0

port=4110
echo 0123456789abcdef0123456789abcdef > "$work/secret"
. "$here/plane.sh"
trap 'kill $plane 2>/dev/null; wait; rm -rf "$work"' EXIT
plane $port "[[introspection]]
audience = \"git\"
secret_file = \"$work/secret\""
sign_in $port
bearer=$("$writ" token)
session=$("$writ" sessions --json | sed -n 's/.*"id":"\(ses_[^"]*\)".*/\1/p' | head -1)

git init -q --bare "$work/plain.git"
git init -q --bare "$work/hooked.git"
"$writ" git-receive install "$work/hooked.git" --server http://127.0.0.1:$port --name bench/api --proven-by token \
    --secret-file "$work/secret" 2> /dev/null
git -C "$work/plain.git" config receive.advertisePushOptions true
# The hook's own time, as the repository sees it.
hook="$work/hooked.git/hooks/pre-receive"
mv "$hook" "$hook.real"
cat > "$hook" <<HOOK
#!/bin/sh
from=\$(date +%s%N)
"$hook.real"
code=\$?
echo \$(((\$(date +%s%N) - from) / 1000)) >> "$work/hook.us"
exit \$code
HOOK
chmod +x "$hook"

git init -q "$work/clone"
cd "$work/clone"
mkdir many
seq 20000 | while read -r n; do echo "$n" > "many/$n"; done
git add -A && git commit -qm base
for to in plain hooked; do git push -q "$work/$to.git" HEAD:refs/writ/base -o writ.proof="$bearer" 2> /dev/null || true; done
# The base is there as somebody's branch, put there around the hook.
mv "$hook" "$hook.aside"; git push -q "$work/hooked.git" HEAD:refs/heads/main; mv "$hook.aside" "$hook"
git push -q "$work/plain.git" HEAD:refs/heads/main

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

for files in 1 1000 10000; do
    : > "$work/hook.us"; : > "$work/plain.us"; : > "$work/hooked.us"
    for round in $(seq "$rounds"); do
        for n in $(seq "$files"); do echo "$round $n" > "many/$n"; done
        git commit -qam "$files $round"
        for to in plain hooked; do
            from=$(date +%s%N)
            git push -q -o writ.proof="$bearer" "$work/$to.git" "HEAD:refs/heads/s/$session/$files-$round"
            echo $((($(date +%s%N) - from) / 1000)) >> "$work/$to.us"
        done
    done
    printf '%6d files: git push %8d us, with the hook %8d us, the hook itself %8d us (medians of %d)\n' "$files" \
        "$(median < "$work/plain.us")" "$(median < "$work/hooked.us")" "$(median < "$work/hook.us")" "$rounds"
done
