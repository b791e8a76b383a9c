//! Words and operators of a command line (POSIX.1-2024, Shell Command Language, 2.3; bash's additions that agents use).

use std::iter::Peekable;
use std::str::Chars;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it is.
    Text(String),
    /// `$NAME` or `${NAME}`.
    Variable(String),
    /// A glob, or what only a running shell knows.
    Unknown,
    /// `$(…)` or backticks: unknown, but there are commands in it.
    Substitution(String),
}

/// A word, or what separates words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lexeme {
    Word(Vec<Piece>),
    /// `;`, `&`, `&&`, `||`, `|`, a new line: another command follows.
    Next,
    /// `(`
    Open,
    /// `)`
    Close,
    /// An operator of redirection.
    Redirect(String),
    /// The text of a here document.
    Document(String),
}

/// Splits a command line. What is not finished (a quote that stays open) ends with the text.
pub(super) fn lexemes(text: &str) -> Vec<Lexeme> {
    let mut lexer = Lexer { rest: text.chars().peekable(), out: Vec::new(), documents: Vec::new() };
    lexer.run();
    lexer.out
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    out: Vec<Lexeme>,
    /// Delimiters of here documents whose text follows the line, and whether tabs are taken off.
    documents: Vec<(String, bool)>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(&next) = self.rest.peek() {
            match next {
                ' ' | '\t' | '\r' => drop(self.rest.next()),
                '\n' => self.line_end(),
                '#' => self.comment(),
                ';' | '|' => self.separator(next),
                '&' => self.ampersand(),
                '(' => self.one(Lexeme::Open),
                ')' => self.one(Lexeme::Close),
                '<' | '>' => self.redirect(String::new()),
                _ => self.word(),
            }
        }
    }

    fn one(&mut self, lexeme: Lexeme) {
        self.rest.next();
        self.out.push(lexeme);
    }

    fn comment(&mut self) {
        while self.rest.next_if(|&next| next != '\n').is_some() {}
    }

    fn separator(&mut self, first: char) {
        while self.rest.next_if(|&next| next == first || next == '&').is_some() {}
        self.out.push(Lexeme::Next);
    }

    /// `&&`, `&` and `&>`.
    fn ampersand(&mut self) {
        self.rest.next();
        if self.rest.peek() == Some(&'>') {
            self.redirect("&".to_owned());
            return;
        }
        self.rest.next_if_eq(&'&');
        self.out.push(Lexeme::Next);
    }

    fn redirect(&mut self, mut operator: String) {
        while let Some(next) = self.rest.next_if(|&next| matches!(next, '<' | '>')) {
            operator.push(next);
            if operator.len() >= 3 {
                break;
            }
        }
        match operator.as_str() {
            "<<" => return self.here_document(),
            ">" | "<" | ">>" => {
                if let Some(next) = self.rest.next_if(|&next| matches!(next, '&' | '|')) {
                    operator.push(next);
                }
            }
            _ => {}
        }
        if matches!(operator.as_str(), "<" | ">") && self.rest.peek() == Some(&'(') {
            // `<(…)`: the commands in it count, the file has no name.
            self.rest.next();
            let inner = self.balanced('(', ')');
            self.out.push(Lexeme::Word(vec![Piece::Substitution(inner)]));
            return;
        }
        self.out.push(Lexeme::Redirect(operator));
    }

    fn here_document(&mut self) {
        let strips = self.rest.next_if_eq(&'-').is_some();
        while self.rest.next_if(|&next| matches!(next, ' ' | '\t')).is_some() {}
        let before = self.out.len();
        self.word();
        let delimiter = match self.out.get(before) {
            Some(Lexeme::Word(pieces)) => pieces.iter().map(Piece::text).collect(),
            _ => String::new(),
        };
        self.out.truncate(before);
        self.documents.push((delimiter, strips));
    }

    fn line_end(&mut self) {
        self.rest.next();
        for (delimiter, strips) in std::mem::take(&mut self.documents) {
            let mut text = String::new();
            while self.rest.peek().is_some() {
                let mut line = String::new();
                while let Some(next) = self.rest.next_if(|&next| next != '\n') {
                    line.push(next);
                }
                self.rest.next();
                let plain = if strips { line.trim_start_matches('\t') } else { line.as_str() };
                if plain == delimiter {
                    break;
                }
                text.push_str(plain);
                text.push('\n');
            }
            self.out.push(Lexeme::Document(text));
        }
        self.out.push(Lexeme::Next);
    }

    fn word(&mut self) {
        let mut pieces = Vec::new();
        while let Some(&next) = self.rest.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' => break,
                '<' | '>' => {
                    // `2>`: the number belongs to the operator.
                    let is_number = matches!(pieces.as_slice(), [Piece::Text(text)] if text.bytes().all(|byte| byte.is_ascii_digit()));
                    if is_number {
                        return;
                    }
                    break;
                }
                '\'' => self.single_quoted(&mut pieces),
                '"' => self.double_quoted(&mut pieces),
                '\\' => self.escaped(&mut pieces),
                '$' => self.dollar(&mut pieces),
                '`' => self.backticks(&mut pieces),
                '*' | '?' | '[' => {
                    self.rest.next();
                    pieces.push(Piece::Unknown);
                }
                _ => {
                    self.rest.next();
                    push(&mut pieces, next);
                }
            }
        }
        // Nothing but the end of a line that goes on is no word.
        if !pieces.is_empty() {
            self.out.push(Lexeme::Word(pieces));
        }
    }

    fn escaped(&mut self, pieces: &mut Vec<Piece>) {
        self.rest.next();
        match self.rest.next() {
            // A line that goes on.
            Some('\n') | None => {}
            Some(next) => push(pieces, next),
        }
    }

    fn single_quoted(&mut self, pieces: &mut Vec<Piece>) {
        self.rest.next();
        pieces.push(Piece::Text(String::new()));
        while let Some(next) = self.rest.next().filter(|&next| next != '\'') {
            push(pieces, next);
        }
    }

    fn double_quoted(&mut self, pieces: &mut Vec<Piece>) {
        self.rest.next();
        pieces.push(Piece::Text(String::new()));
        while let Some(&next) = self.rest.peek() {
            match next {
                '"' => {
                    self.rest.next();
                    return;
                }
                '$' => self.dollar(pieces),
                '`' => self.backticks(pieces),
                '\\' => {
                    self.rest.next();
                    match self.rest.next() {
                        Some('\n') | None => {}
                        Some(next) if matches!(next, '$' | '`' | '"' | '\\') => push(pieces, next),
                        Some(next) => {
                            push(pieces, '\\');
                            push(pieces, next);
                        }
                    }
                }
                _ => {
                    self.rest.next();
                    push(pieces, next);
                }
            }
        }
    }

    fn backticks(&mut self, pieces: &mut Vec<Piece>) {
        self.rest.next();
        let mut inner = String::new();
        while let Some(next) = self.rest.next().filter(|&next| next != '`') {
            inner.push(next);
        }
        pieces.push(Piece::Substitution(inner));
    }

    fn dollar(&mut self, pieces: &mut Vec<Piece>) {
        self.rest.next();
        match self.rest.peek() {
            Some('(') => {
                self.rest.next();
                let inner = self.balanced('(', ')');
                pieces.push(Piece::Substitution(inner));
            }
            Some('{') => {
                self.rest.next();
                let inner = self.balanced('{', '}');
                let is_name = !inner.is_empty() && inner.chars().all(is_name);
                pieces.push(if is_name { Piece::Variable(inner) } else { Piece::Unknown });
            }
            // `$'…'`: escapes in it are rare in paths.
            Some('\'') => self.single_quoted(pieces),
            Some(&next) if is_name(next) && !next.is_ascii_digit() => {
                let mut name = String::new();
                while let Some(next) = self.rest.next_if(|&next| is_name(next)) {
                    name.push(next);
                }
                pieces.push(Piece::Variable(name));
            }
            Some(&next) if next.is_ascii_digit() || "?!#@*$-".contains(next) => {
                self.rest.next();
                pieces.push(Piece::Unknown);
            }
            _ => push(pieces, '$'),
        }
    }

    /// The text up to the bracket that closes, quotes seen to.
    fn balanced(&mut self, open: char, close: char) -> String {
        let (mut inner, mut depth, mut quote) = (String::new(), 1_usize, None);
        while let Some(next) = self.rest.next() {
            match quote {
                Some(mark) if next == mark => quote = None,
                None if matches!(next, '\'' | '"') => quote = Some(next),
                None if next == open => depth += 1,
                None if next == close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            inner.push(next);
            if next == '\\' && quote != Some('\'') {
                inner.extend(self.rest.next());
            }
        }
        inner
    }
}

impl Piece {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }
}

fn push(pieces: &mut Vec<Piece>, next: char) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push(next),
        _ => pieces.push(Piece::Text(next.to_string())),
    }
}

fn is_name(next: char) -> bool {
    next.is_ascii_alphanumeric() || next == '_'
}
