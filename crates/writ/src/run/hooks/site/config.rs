//! Git's configuration files, as far as hooks must read them: git-config(1), "Syntax". A file is read here and not by git,
//! because hooks ask for it before a tool is used; what is included from elsewhere is not followed.

/// One setting, as `section.name` or `section.subsection.name`, and its value.
type Setting = (String, String);

/// The URL of `origin`, else of the first remote.
pub(super) fn origin(text: &str) -> Option<String> {
    let url = |(key, value): Setting| {
        let remote = key.strip_prefix("remote.")?.strip_suffix(".url")?;
        Some((remote.to_owned(), value))
    };
    let urls: Vec<(String, String)> = settings(text).into_iter().filter_map(url).collect();
    let of_origin = urls.iter().find(|(remote, _)| remote == "origin");
    of_origin.or(urls.first()).map(|(_, url)| url.clone())
}

/// All settings, in order; names in lower case, subsections as they are. A name without a value is left out: it says `true`.
fn settings(text: &str) -> Vec<Setting> {
    let mut rest = text.trim_start_matches('\u{feff}').chars();
    let (mut section, mut settings) = (String::new(), Vec::new());
    loop {
        rest = rest.as_str().trim_start().chars();
        match rest.clone().next() {
            None => return settings,
            Some('#' | ';') => skip_line(&mut rest),
            Some('[') => section = header(&mut rest),
            Some(_) => {
                let name: String = rest.as_str().chars().take_while(|char| is_of_name(*char)).collect();
                rest = rest.as_str()[name.len()..].trim_start_matches([' ', '\t']).chars();
                if rest.as_str().starts_with('=') {
                    rest.next();
                    settings.push((format!("{section}.{}", name.to_ascii_lowercase()), value(&mut rest)));
                } else {
                    skip_line(&mut rest);
                }
            }
        }
    }
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '-'
}

fn skip_line(rest: &mut std::str::Chars<'_>) {
    rest.find(|char| *char == '\n');
}

/// `[section]`, `[section "sub\"section"]`, and the old `[section.subsection]`.
fn header(rest: &mut std::str::Chars<'_>) -> String {
    rest.next();
    let (mut name, mut is_quoted) = (String::new(), false);
    while let Some(char) = rest.next() {
        match char {
            '\n' => break,
            ']' if !is_quoted => break,
            '"' => {
                if !is_quoted {
                    name.truncate(name.trim_end().len());
                    name.push('.');
                }
                is_quoted = !is_quoted;
            }
            '\\' if is_quoted => name.extend(rest.next()),
            char if is_quoted => name.push(char),
            char => name.push(char.to_ascii_lowercase()),
        }
    }
    name
}

/// Up to the end of the line: without quotes, comments and the blanks around it; a backslash at the end goes on below.
fn value(rest: &mut std::str::Chars<'_>) -> String {
    let (mut value, mut length, mut is_quoted) = (String::new(), 0, false);
    while let Some(char) = rest.next() {
        match char {
            '\n' => break,
            '\r' if rest.as_str().starts_with('\n') => {}
            '"' => {
                is_quoted = !is_quoted;
                length = value.len();
            }
            '#' | ';' if !is_quoted => {
                skip_line(rest);
                break;
            }
            '\\' => {
                match rest.next() {
                    Some('\n') | None => {}
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some('b') => drop(value.pop()),
                    Some(other) => value.push(other),
                }
                length = value.len();
            }
            char if !is_quoted && char.is_whitespace() => {
                if !value.is_empty() {
                    value.push(char);
                }
            }
            char => {
                value.push(char);
                length = value.len();
            }
        }
    }
    value.truncate(length);
    value
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn origin_counts_and_else_the_first() {
        let both = "[remote \"fork\"]\n\turl = a\n[remote \"origin\"]\n\tfetch = x\n\turl = b\n\turl = c\n[branch \"x\"]\n\turl = d";
        assert_eq!(origin(both).as_deref(), Some("b"));
        assert_eq!(origin("[remote \"fork\"]\nurl=a").as_deref(), Some("a"));
        assert_eq!(origin("[core]\nurl = a"), None);
        assert_eq!(origin("[Remote.Origin]\nURL=a").as_deref(), Some("a"), "the old way to write it");
    }

    /// Git itself says what the file says.
    #[test]
    fn values_are_what_git_reads() {
        let text = concat!(
            "# a comment\n[core] bare = false ; another\n\tautocrlf\n",
            "[remote \"or\\\"i gin\"]\n\turl = \"https://git.example.com/acme/api.git\"\n",
            "[remote \"b\"]\n\turl = a b  \"c  # d\" e  # not this\n  URL=\\\"x\\\\y\\tz\n",
            "[Remote \"C\"]\n\turl = one \\\ntwo\n\turl =\n\turl = \"\"\n\turl = \"a;b\";c\r\n[x]y=1\n",
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        let output = Command::new("git").args(["config", "--null", "--list", "--file"]).arg(&path).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let expected: Vec<Setting> = said
            .split_terminator('\0')
            .filter_map(|one| one.split_once('\n'))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        assert!(expected.len() >= 9, "{expected:?}");
        assert_eq!(settings(text), expected);
    }

    #[test]
    fn what_is_no_configuration_ends() {
        for text in ["[", "[a \"", "=\n=", "\\", "a = \"", "]\u{0}\n\u{ffff}", "[a]b=\\", "é = 1\n[a]\nb = é"] {
            drop(settings(text));
        }
    }
}
