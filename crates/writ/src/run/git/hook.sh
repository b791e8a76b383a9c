#!/bin/sh
# Made by writ for one session, and gone with it. Runs the repository's own hook of the same name; besides, it names the
# session in commit messages and has the commits recorded. What writ does here never fails a command of git.
name=${0##*/}
here=@HOOKS@
writ=@WRIT@
WRIT_SOCKET=@SOCKET@
export WRIT_SOCKET

# Where git would look for hooks without this session: only the user's own settings from the environment count.
own_folder() {
    GIT_CONFIG_COUNT=@COUNT@ git rev-parse --git-path hooks 2>/dev/null
}

# Some hooks run several times in every command of git: for them the folder is remembered by working folder.
remembered_folder() {
    case ${GIT_DIR-} in *..*) own_folder; return ;; esac
    known=$here/../folders$PWD/=${GIT_DIR-}
    { IFS= read -r folder <"$known/folder"; } 2>/dev/null || {
        folder=$(own_folder)
        { mkdir -p "$known" && printf '%s\n' "$folder" >"$known/folder"; } 2>/dev/null
    }
    printf '%s\n' "$folder"
}

own_hook() {
    case $name in
    reference-transaction | post-index-change) folder=$(remembered_folder) ;;
    *) folder=$(own_folder) ;;
    esac
    [ -n "$folder" ] && [ "$folder" != "$here" ] && [ -f "$folder/$name" ] && [ -x "$folder/$name" ] || return 0
    "$folder/$name" "$@"
}

# Adds the trailers, unless they are there. A message without text ends a commit, so it stays without.
name_session() {
    text=$(sed -e '/^.\{1,3\} -\{24\} >8 -\{24\}$/,$d' -e '/^Signed-off-by: /d' "$1" | git stripspace --strip-comments)
    [ -n "$text" ] || return 0
    git interpret-trailers --in-place --where end --if-exists addIfDifferent --if-missing add \
        --trailer @SESSION_TRAILER@ --trailer @DEVELOPER_TRAILER@ "$1"
}

record() {
    "$writ" record --later commit "$@" </dev/null >/dev/null 2>&1
}

record_head() {
    record "$(git rev-parse --verify HEAD)"
}

is_ours() {
    git log -1 --format='%(trailers:key=Agent-Session,valueonly)' | grep -qxF @SESSION@
}

case $name in
prepare-commit-msg | commit-msg | applypatch-msg)
    own_hook "$@" || exit
    name_session "$1"
    exit 0
    ;;
post-commit | post-applypatch)
    own_hook "$@"
    code=$?
    record_head
    exit "$code"
    ;;
post-merge)
    own_hook "$@"
    code=$?
    # A fast-forward made no commit: what it brought is somebody else's.
    is_ours && record_head
    exit "$code"
    ;;
post-rewrite)
    lines=$(cat)
    printf '%s\n' "$lines" | own_hook "$@"
    code=$?
    printf '%s\n' "$lines" | cut -d ' ' -f 2 | xargs -n 200 "$writ" record --later commit >/dev/null 2>&1
    exit "$code"
    ;;
*)
    own_hook "$@"
    ;;
esac
