//! From lexemes to commands: where each runs, and with which words.

use std::collections::BTreeMap;

use super::lexer::{Lexeme, Piece, lexemes};
use super::unwrap::{Inner, unwrap};
use super::{Redirect, RedirectKind, Simple, UNKNOWN};
use crate::limits::{COMMAND_BYTES_MAX, COMMAND_DEPTH_MAX, COMMANDS_MAX, VARIABLES_MAX};
use crate::rules::CommandContext;
use crate::rules::folder::{file_name, join};

/// Words that stand before a command and are none.
const KEYWORDS: [&str; 11] = ["{", "}", "!", "if", "then", "else", "elif", "fi", "do", "while", "until"];

/// A walk through a command line.
pub(super) struct Walk<'a> {
    context: &'a CommandContext<'a>,
    folder: Option<String>,
    variables: BTreeMap<String, String>,
    depth: usize,
    found: Vec<Simple>,
}

/// A command while its words come.
#[derive(Default)]
struct Pending {
    words: Vec<String>,
    redirects: Vec<Redirect>,
    operator: Option<String>,
    document: Option<String>,
    scripts: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(context: &'a CommandContext<'a>) -> Self {
        let folder = Some(join("/", context.folder));
        Self { context, folder, variables: BTreeMap::new(), depth: 0, found: Vec::new() }
    }

    pub(super) fn all(mut self, text: &str) -> Vec<Simple> {
        self.script(text);
        self.found
    }

    /// Follows a text in the folder at hand; what it does to the folder stays with it.
    fn script(&mut self, text: &str) {
        if self.depth >= COMMAND_DEPTH_MAX {
            return;
        }
        self.depth += 1;
        let before = self.folder.clone();
        let mut folders = Vec::new();
        let mut pending = Pending::default();
        let mut lexemes = lexemes(shortened(text)).into_iter().peekable();
        while let Some(lexeme) = lexemes.next() {
            match lexeme {
                Lexeme::Word(pieces) => self.word(&mut pending, &pieces),
                Lexeme::Redirect(operator) => pending.operator = Some(operator),
                Lexeme::Document(text) => pending.document = Some(text),
                Lexeme::Next => {
                    // The text of a here document follows the line that asks for it.
                    if !matches!(lexemes.peek(), Some(Lexeme::Document(_))) {
                        self.end(&mut pending);
                    }
                }
                Lexeme::Open => {
                    self.end(&mut pending);
                    folders.push(self.folder.clone());
                }
                Lexeme::Close => {
                    self.end(&mut pending);
                    if let Some(folder) = folders.pop() {
                        self.folder = folder;
                    }
                }
            }
        }
        self.end(&mut pending);
        self.folder = before;
        self.depth -= 1;
    }

    fn word(&mut self, pending: &mut Pending, pieces: &[Piece]) {
        pending.scripts.extend(pieces.iter().filter_map(|piece| match piece {
            Piece::Substitution(text) => Some(text.clone()),
            _ => None,
        }));
        let text = self.resolved(pieces);
        match pending.operator.take() {
            Some(operator) => pending.redirects.extend(redirect(&operator, text)),
            None => pending.words.push(text),
        }
    }

    fn resolved(&self, pieces: &[Piece]) -> String {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Variable(name) => match self.variable(name) {
                    Some(value) => text.push_str(value),
                    None => text.push(UNKNOWN),
                },
                Piece::Unknown | Piece::Substitution(_) => text.push(UNKNOWN),
            }
        }
        match (text.strip_prefix('~'), self.context.home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
            _ => text,
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        match name {
            "HOME" => self.context.home,
            "PWD" => self.folder.as_deref(),
            "CLAUDE_PROJECT_DIR" => Some(self.context.root),
            _ => self.variables.get(name).map(String::as_str),
        }
    }

    /// The command is complete.
    fn end(&mut self, pending: &mut Pending) {
        let Pending { words, redirects, document, scripts, .. } = std::mem::take(pending);
        for script in scripts {
            self.script(&script);
        }
        let mut rest = words.as_slice();
        while let Some((word, later)) = rest.split_first() {
            if KEYWORDS.contains(&word.as_str()) {
                rest = later;
            } else if let Some((name, value)) = assignment(word) {
                if self.variables.len() < VARIABLES_MAX && !value.contains(UNKNOWN) {
                    self.variables.insert(name.to_owned(), value.to_owned());
                } else {
                    self.variables.remove(name);
                }
                rest = later;
            } else {
                break;
            }
        }
        self.run(rest, redirects, document);
    }

    fn run(&mut self, words: &[String], redirects: Vec<Redirect>, document: Option<String>) {
        let mut words = words;
        let mut script = None;
        for _ in 0..COMMAND_DEPTH_MAX {
            match unwrap(words) {
                Some(Inner::Words(inner)) => words = inner,
                Some(Inner::Script(text)) => {
                    script = Some(text.to_owned());
                    words = &[];
                }
                Some(Inner::Input) => {
                    script = document.clone();
                    words = &[];
                }
                None => break,
            }
        }
        if let Some(text) = script {
            self.script(&text);
        }
        if self.changes_folder(words) || (words.is_empty() && redirects.is_empty()) || self.found.len() >= COMMANDS_MAX
        {
            return;
        }
        self.found.push(Simple { folder: self.folder.clone(), words: words.to_vec(), redirects });
    }

    fn changes_folder(&mut self, words: &[String]) -> bool {
        let Some((program, rest)) = words.split_first() else { return false };
        if !matches!(program.as_str(), "cd" | "pushd" | "chdir") {
            return false;
        }
        let to = rest.iter().find(|word| *word == "-" || !word.starts_with('-')).map(String::as_str);
        let home = self.context.home.unwrap_or("~");
        self.folder = match (to.unwrap_or(home), &self.folder) {
            (to, _) if to == "-" || to.contains(UNKNOWN) || to.starts_with('~') => None,
            (to, Some(folder)) => Some(join(folder, to)),
            (to, None) => to.starts_with('/').then(|| join("/", to)),
        };
        true
    }
}

/// The path of a program tells nothing: `NAME=VALUE` before it does.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let mut letters = name.chars();
    let starts_well = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let is_name = starts_well && letters.all(|next| next.is_ascii_alphanumeric() || next == '_');
    is_name.then_some((name, value))
}

fn redirect(operator: &str, target: String) -> Option<Redirect> {
    let kind = match operator {
        "<" => RedirectKind::From,
        ">" | ">|" | "&>" => RedirectKind::To,
        ">>" | "&>>" => RedirectKind::After,
        "<>" => RedirectKind::Both,
        // `>&2` copies what is open; `>&file` is a file.
        ">&" if !target.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => RedirectKind::To,
        _ => return None,
    };
    let is_file = !target.is_empty() && !target.starts_with("/dev/") && !file_name(&target).is_empty();
    is_file.then_some(Redirect { kind, target })
}

/// At most [`COMMAND_BYTES_MAX`], at a character's border.
fn shortened(text: &str) -> &str {
    let end = (0..=COMMAND_BYTES_MAX.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}
