//! The paths that stand in a piece of source.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path that the source names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its words.
    pub path: Vec<String>,
    /// Where it stands.
    pub line: usize,
    /// Whether it is a `pub use`, of whatever reach.
    pub public: bool,
}

/// What stands in one module.
#[derive(Debug, Default)]
pub struct Found {
    /// Every path, in a `use` or not.
    pub imports: Vec<Import>,
    /// What a name stands for that a `use` has brought in.
    pub names: BTreeMap<String, Vec<String>>,
    /// The paths of which a `use` brings in everything.
    pub globs: Vec<Vec<String>>,
    /// Modules that are declared.
    pub modules: Vec<Declared>,
}

/// A module that another one declares.
#[derive(Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What stands in it; `None` when it has a file of its own.
    pub body: Option<TokenStream>,
    /// Whether it is compiled for tests only.
    pub for_tests: bool,
}

#[derive(Clone, Debug)]
enum Token {
    Word(String, usize),
    /// `::`
    Step,
    Open,
    Close,
    Comma,
    End,
    Star,
    Less,
    Dot,
    Other,
}

/// Reads a module's source, without the modules that stand in it.
pub fn read(source: TokenStream) -> Found {
    let mut found = Found::default();
    let mut tokens = Vec::new();
    flatten(source, &mut tokens, &mut found);
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            // `use<>` of a type says what it captures.
            Token::Word(word, _) if word == "use" && !matches!(tokens[at + 1], Token::Less) => {
                let public = is_public(&tokens[..at]);
                use_tree(&tokens, at + 1, &[], public, &mut found)
            }
            Token::Word(..) => path(&tokens, at, &mut found),
            _ => at + 1,
        };
    }
    found
}

/// Whether `pub` or `pub(…)` stands before.
fn is_public(before: &[Token]) -> bool {
    let mut back = before.iter().rev();
    match back.next() {
        Some(Token::Word(word, _)) => word == "pub",
        Some(Token::Close) => back
            .find(|t| matches!(t, Token::Open))
            .and_then(|_| back.next())
            .is_some_and(|t| matches!(t, Token::Word(word, _) if word == "pub")),
        _ => false,
    }
}

/// Whether `pub(in` stands before.
fn is_reach(before: &[Token]) -> bool {
    let [.., Token::Word(word, _), Token::Open, Token::Word(..)] = before else {
        return false;
    };
    word == "pub"
}

/// A path in the code; returns where it ends.
fn path(tokens: &[Token], start: usize, found: &mut Found) -> usize {
    let before = start.checked_sub(1).map(|before| &tokens[before]);
    let begins = !match before {
        Some(Token::Step | Token::Dot) => true,
        // `pub(in …)` says who may see it.
        Some(Token::Word(word, _)) => word == "in" && is_reach(&tokens[..start]),
        _ => false,
    };
    let mut words = Vec::new();
    let mut at = start;
    let mut line = 0;
    while let Some(Token::Word(word, here)) = tokens.get(at) {
        words.push(word.clone());
        line = *here;
        at += 1;
        if !matches!(tokens.get(at), Some(Token::Step)) {
            break;
        }
        at += 1;
    }
    if begins && words.len() > 1 {
        found.imports.push(Import {
            path: words,
            line,
            public: false,
        });
    }
    at
}

/// One branch of a `use`; returns where it ends.
fn use_tree(
    tokens: &[Token],
    start: usize,
    before: &[String],
    public: bool,
    found: &mut Found,
) -> usize {
    let mut path = before.to_vec();
    let mut at = start;
    let mut renamed = None;
    let mut line = 0;
    loop {
        match tokens.get(at) {
            Some(Token::Word(word, here)) if word == "as" => {
                if let Some(Token::Word(name, _)) = tokens.get(at + 1) {
                    renamed = Some(name.clone());
                }
                line = *here;
                at += 2;
            }
            Some(Token::Word(word, here)) => {
                // `{self}` is the module itself.
                if word != "self" || path.is_empty() {
                    path.push(word.clone());
                }
                line = *here;
                at += 1;
            }
            Some(Token::Step) => at += 1,
            Some(Token::Star) => {
                found.globs.push(path.clone());
                found.imports.push(Import { path, line, public });
                return at + 1;
            }
            Some(Token::Open) => {
                at += 1;
                while !matches!(tokens.get(at), Some(Token::Close) | None) {
                    at = match tokens[at] {
                        Token::Comma => at + 1,
                        _ => use_tree(tokens, at, &path, public, found),
                    };
                }
                return at + 1;
            }
            _ => break,
        }
    }
    if let Some(name) = renamed.or_else(|| path.last().cloned()) {
        found.names.insert(name, path.clone());
    }
    found.imports.push(Import { path, line, public });
    at.max(start + 1)
}

/// Puts all tokens in a row, and takes out the modules.
fn flatten(source: TokenStream, row: &mut Vec<Token>, found: &mut Found) {
    let mut trees = source.into_iter().peekable();
    let mut for_tests = false;
    while let Some(tree) = trees.next() {
        match &tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                for_tests |= group.stream().to_string().replace(' ', "") == "cfg(test)";
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => for_tests = false,
            TokenTree::Punct(sign) if sign.as_char() == ';' => for_tests = false,
            _ => {}
        }
        match tree {
            TokenTree::Ident(word) if word == "mod" => {
                let Some(TokenTree::Ident(name)) = trees.next() else {
                    continue;
                };
                let body = match trees.next() {
                    Some(TokenTree::Group(body)) => Some(body.stream()),
                    _ => None,
                };
                found.modules.push(Declared {
                    name: name.to_string(),
                    body,
                    for_tests,
                });
                for_tests = false;
                row.push(Token::End);
            }
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                row.push(Token::Word(word.to_string(), line));
            }
            TokenTree::Group(group) => {
                let is_none = group.delimiter() == Delimiter::None;
                if !is_none {
                    row.push(Token::Open);
                }
                flatten(group.stream(), row, found);
                if !is_none {
                    row.push(Token::Close);
                }
            }
            TokenTree::Punct(sign) => match sign.as_char() {
                ':' => {
                    let is_step = trees
                        .next_if(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ':'))
                        .is_some();
                    row.push(if is_step { Token::Step } else { Token::Other });
                }
                ',' => row.push(Token::Comma),
                ';' => row.push(Token::End),
                '*' => row.push(Token::Star),
                '<' => row.push(Token::Less),
                '.' => row.push(Token::Dot),
                _ => row.push(Token::Other),
            },
            TokenTree::Literal(_) => row.push(Token::Other),
        }
    }
}
