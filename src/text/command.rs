//! A command that is given as one text, parted into its words.

use super::escape::printable;

/// The words of a command, parted at its blanks and quotes as sh(1) parts them.
/// Without any word, it is empty. `folder` is the option that names the folder of
/// such a command.
///
/// # Errors
/// When a quote is not closed, or when the command needs a shell: it has an
/// operator of sh(1), or sets a variable. Run without one, the program would get
/// these as its arguments. The error tells how to ask for a shell.
pub fn words(command: &str, folder: &str) -> Result<Vec<String>, String> {
    let words = shlex::split(command)
        .ok_or_else(|| "a quote is not closed; quote the command as in a shell".to_owned())?;
    if let Some(first) = words.first()
        && sets_a_variable(first)
    {
        return Err(format!(
            "{} sets a variable, which needs a shell or env: write \"env {}\"",
            printable(first),
            printable(command.trim())
        ));
    }
    // In quotes, an operator is an ordinary argument.
    let operator = command
        .split_whitespace()
        .find(|token| is_operator(token) && words.iter().any(|word| word == token));
    match operator {
        Some(operator) => Err(format!(
            "{} needs a shell, and none is used: write \"sh -c {}\"{}",
            printable(operator),
            printable(&in_quotes(command.trim())),
            instead_of_cd(command, folder)
        )),
        None => Ok(words),
    }
}

/// What a command that only changes its folder can be, as the end of a sentence.
fn instead_of_cd(command: &str, folder: &str) -> String {
    let after = command.trim().strip_prefix("cd ");
    let parts = after.and_then(|text| text.split_once("&&").or_else(|| text.split_once(';')));
    match parts {
        Some((dir, rest)) if words(rest, folder).is_ok_and(|words| !words.is_empty()) => {
            let option = match folder.strip_suffix("DIR") {
                Some(before) => format!("{before}{}", dir.trim()),
                None => format!("{folder} {}", dir.trim()),
            };
            format!(
                ", or {} with the command \"{}\"",
                printable(&option),
                printable(rest.trim())
            )
        }
        _ => String::new(),
    }
}

/// The text as a shell reads it as one word: in quotes where it needs them.
#[must_use]
pub fn as_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    in_quotes(text)
}

/// Words as one line that a shell would part into the same words.
#[must_use]
pub fn as_line<S: AsRef<str>>(words: &[S]) -> String {
    let words = words.iter().map(|word| as_word(word.as_ref()));
    words.collect::<Vec<_>>().join(" ")
}

/// Whether it is `NAME=value`.
fn sets_a_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether it is a control operator or a redirection of sh(1), or ends with `;`.
fn is_operator(token: &str) -> bool {
    let redirects = token
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches('&');
    matches!(token, "&&" | "||" | "|" | "|&" | "&")
        || token.ends_with(';')
        || redirects.starts_with(['<', '>'])
}

/// The text as one word of sh(1).
#[must_use]
pub fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{as_line, as_word};

    fn words(command: &str) -> Result<Vec<String>, String> {
        super::words(command, "--server-cwd")
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(as_word("my-run/a.pcapng"), "my-run/a.pcapng");
        assert_eq!(as_word("tcp.port==9,time_lab"), "tcp.port==9,time_lab");
        assert_eq!(as_word("my run"), "'my run'");
        assert_eq!(as_word("it's"), "'it'\\''s'");
        assert_eq!(as_word(""), "''");
        assert_eq!(as_word("$(x)"), "'$(x)'");
    }

    #[test]
    fn a_line_is_parted_into_the_same_words() {
        let all = [
            "python3",
            "-c",
            "import sys; sys.exit(3)",
            "",
            "it's",
            "a\"b",
        ];
        let line = as_line(&all);
        assert!(
            line.starts_with("python3 -c 'import sys; sys.exit(3)' ''"),
            "{line}"
        );
        assert_eq!(shlex::split(&line).unwrap(), all);
    }

    #[test]
    fn a_command_that_only_changes_its_folder_is_told_the_option() {
        for command in ["cd s01 && ./s 7", "cd s01; ./s 7"] {
            let said = words(command).unwrap_err();
            assert!(
                said.ends_with(", or --server-cwd s01 with the command \"./s 7\""),
                "{said}"
            );
        }
        let said = super::words("cd s01 && ./s", "--client-cwd mine=DIR").unwrap_err();
        assert!(said.contains("--client-cwd mine=s01 with"), "{said}");
        // There is more in it than that.
        for command in [
            "cd s01 && ./s > log",
            "cd s01 &&",
            "cd s01 | ./s",
            "cdrom; ./s",
        ] {
            let said = words(command).unwrap_err();
            assert!(!said.contains("--server-cwd"), "{said}");
        }
    }

    #[test]
    fn blanks_and_quotes_part_words() {
        assert_eq!(words("./s 'a b' c\\ d").unwrap(), ["./s", "a b", "c d"]);
        assert_eq!(words("  ").unwrap(), [""; 0]);
        assert!(words("sh 'a").unwrap_err().contains("not closed"));
    }

    #[test]
    fn what_needs_a_shell_is_refused_with_the_command_that_has_one() {
        for (command, operator, instead) in [
            ("cd s01 && ./s 7", "&&", "sh -c 'cd s01 && ./s 7'"),
            ("cd s01; ./s", "s01;", "sh -c 'cd s01; ./s'"),
            ("./s > log", ">", "sh -c './s > log'"),
            ("./s 2>&1", "2>&1", "sh -c './s 2>&1'"),
            ("./s &>log", "&>log", "sh -c './s &>log'"),
            ("./s <in", "<in", "sh -c './s <in'"),
            ("./s | cat", "|", "sh -c './s | cat'"),
            ("./s &", "&", "sh -c './s &'"),
            ("./s 'a b' || c", "||", r"sh -c './s '\''a b'\'' || c'"),
        ] {
            let said = words(command).unwrap_err();
            assert!(said.starts_with(&format!("{operator} needs")), "{said}");
            assert!(said.contains(&format!("\"{instead}\"")), "{said}");
            // What it says to write is a command.
            let shell = shlex::split(instead).unwrap();
            assert_eq!(shell, ["sh", "-c", command]);
            assert_eq!(words(instead).unwrap(), shell, "{command}");
        }
    }

    #[test]
    fn a_variable_is_set_by_env() {
        let said = words("PORT=7 ./s").unwrap_err();
        assert!(said.contains("\"env PORT=7 ./s\""), "{said}");
        assert_eq!(words("env PORT=7 ./s").unwrap().len(), 3);
    }

    #[test]
    fn an_operator_in_quotes_is_an_argument() {
        for command in [
            "./s '&&' \"|\" ';'",
            "find . -exec ls {} \\;",
            "./dir/a=b 1 2",
            "./s --filter=a>b",
        ] {
            assert!(words(command).is_ok(), "{command}");
        }
    }

    #[test]
    fn nothing_passes_that_a_terminal_would_act_upon() {
        let said = words("./s \x1b[31m >\x1b[0m").unwrap_err();
        assert!(!said.contains('\x1b'), "{said}");
    }
}
