use super::commands;
use crate::rules::CommandContext;

const CONTEXT: CommandContext<'_> = CommandContext {
    repository: Some("github.com/acme/api"),
    branch: Some("main"),
    root: "/w",
    folder: "/w/app",
    home: Some("/home/ana"),
};

/// Commands as `folder: words <in >out`, one a line; `?` is what is not known.
fn shown(text: &str) -> String {
    let mut lines = Vec::new();
    for one in commands(&CONTEXT, text) {
        let redirects = one.redirects.iter().map(|redirect| format!(" {:?}={}", redirect.kind, redirect.target));
        let folder = one.folder.as_deref().unwrap_or("?");
        lines.push(format!("{folder}: {}{}", one.words.join(" "), redirects.collect::<String>()));
    }
    lines.join("\n").replace('\0', "?")
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(shown(text), expected.join("\n"), "{text}");
}

#[test]
fn words_are_split_as_a_shell_does() {
    check(r#"a 'b c' "d e" f\ g h"i"j"#, &["/w/app: a b c d e f g hij"]);
    check(r#"echo "a \"b\" \$c \x""#, &[r#"/w/app: echo a "b" $c \x"#]);
    check("a \\\n b", &["/w/app: a b"]);
    check("a # b; c\nd", &["/w/app: a", "/w/app: d"]);
    check("a#b", &["/w/app: a#b"]);
    check("echo 'open", &["/w/app: echo open"]);
    check("echo \"open $(x", &["/w/app: x", "/w/app: echo open ?"]);
    check("", &[]);
    check("\\", &[]);
}

#[test]
fn every_operator_begins_another_command() {
    check(
        "a && b || c; d | e |& f & g\nh",
        &["a", "b", "c", "d", "e", "f", "g", "h"].map(|w| format!("/w/app: {w}")).each_ref().map(String::as_str),
    );
    check("if a; then b; else c; fi", &["/w/app: a", "/w/app: b", "/w/app: c"]);
    check("while ! a; do b; done", &["/w/app: a", "/w/app: b", "/w/app: done"]);
    check("{ a; b; }", &["/w/app: a", "/w/app: b"]);
}

#[test]
fn folders_are_followed_and_sub_shells_keep_theirs() {
    check("cd sub && a", &["/w/app/sub: a"]);
    check("cd /etc; a; cd ..; b", &["/etc: a", "/: b"]);
    check("(cd sub && a) && b", &["/w/app/sub: a", "/w/app: b"]);
    check("cd $UNKNOWN && a; cd /tmp && b", &["?: a", "/tmp: b"]);
    check("cd ~/x && a; cd && b; cd - ; c", &["/home/ana/x: a", "/home/ana: b", "?: c"]);
    check("cd ../../../.. && a", &["/: a"]);
    check("bash -c 'cd x && a'; b", &["/w/app/x: a", "/w/app: b"]);
}

#[test]
fn what_only_runs_another_is_taken_off() {
    for wrapped in [
        "sudo a b",
        "sudo -u root -E a b",
        "A=1 B='2 3' a b",
        "env A=1 a b",
        "env -i -u X A=1 a b",
        "timeout 5 a b",
        "timeout -k 5 10s a b",
        "nohup a b",
        "time nice -n 5 a b",
        "xargs -n 1 a b",
        "sh -c 'a b'",
        "bash -euo pipefail -c 'a b'",
        "bash -lc \"a b\" name",
        "sudo sh -c 'exec a b'",
        "eval 'a b'",
        "bash <<'EOF'\na b\nEOF",
        "bash -s <<-EOF\n\ta b\n\tEOF",
        "env bash -c \"sh -c 'a b'\"",
    ] {
        check(wrapped, &["/w/app: a b"]);
    }
    check("bash script.sh", &["/w/app: bash script.sh"]);
    check("sudo", &[]);
    check("timeout 5", &[]);
}

#[test]
fn substitutions_run_too_and_what_they_give_is_not_known() {
    check("a $(b c)", &["/w/app: b c", "/w/app: a ?"]);
    check("a \"x/$(b 'c)')/y\"", &["/w/app: b c)", "/w/app: a x/?/y"]);
    check("a `b`", &["/w/app: b", "/w/app: a ?"]);
    check("diff <(a) <(b)", &["/w/app: a", "/w/app: b", "/w/app: diff ? ?"]);
    check("F=x; a $F ${F}.y $G ${G:-z} $1", &["/w/app: a x x.y ? ? ?"]);
    check("F=$(date); a $F", &["/w/app: date", "/w/app: a ?"]);
    check("a *.rs [ab] '*'", &["/w/app: a ?.rs ?ab] *"]);
    check("a $HOME/x $PWD/y ~ ~/z '~'", &["/w/app: a /home/ana/x /w/app/y /home/ana /home/ana/z /home/ana"]);
}

#[test]
fn redirections_name_files_and_here_documents_are_data() {
    check("a >out 2>err <in >>log", &["/w/app: a To=out To=err From=in After=log"]);
    check(
        "a &>all; b >&2; c 2>&1 >both; d >| over; e >&file",
        &["/w/app: a To=all", "/w/app: b", "/w/app: c To=both", "/w/app: d To=over", "/w/app: e To=file"],
    );
    check("a >/dev/null", &["/w/app: a"]);
    check("cat > f <<EOF\nrm -rf x\nEOF\nb", &["/w/app: cat To=f", "/w/app: b"]);
    check("cat <<'A' <<B >f\n1\nA\n2\nB\nc", &["/w/app: cat To=f", "/w/app: c"]);
    check("cat <<<text >f", &["/w/app: cat To=f"]);
    check("> f", &["/w/app:  To=f"]);
}

#[test]
fn depth_and_number_are_bounded() {
    let deep = (0..40).fold("a".to_owned(), |inner, _| format!("$({inner})"));
    assert!(commands(&CONTEXT, &deep).len() < 40);
    let many = "a; ".repeat(5_000);
    assert_eq!(commands(&CONTEXT, &many).len(), crate::limits::COMMANDS_MAX);
}
