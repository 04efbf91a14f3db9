//! `threadtap explain`.

use std::io::{self, Write};

use super::language::language;
use super::output::printed;
use super::own_name::own_name;
use super::terminal;
use crate::cli::{Colour, ExplainArgs};
use crate::findings::{PageWords, Topic, Words};
use crate::lang::Lang;
use crate::report::{width, wrap};

/// No wider than this: longer lines read badly.
const WIDEST: usize = 100;

/// Prints what findings mean, or which there are.
pub fn explain(args: &ExplainArgs) -> anyhow::Result<u8> {
    let lang = language(args.lang);
    let room = terminal::style(0, Colour::Auto, None).width.min(WIDEST);
    let lines = if args.codes.is_empty() {
        list(lang, room)
    } else {
        let topics: anyhow::Result<Vec<Topic>> =
            args.codes.iter().map(|c| named(c, own_name())).collect();
        let texts = topics?.into_iter().map(|t| text(t, lang, args.port, room));
        texts.collect::<Vec<_>>().join(&String::new())
    };
    let mut out = io::stdout().lock();
    Ok(printed(writeln!(out, "{}", lines.join("\n"))))
}

/// `own`: how this program is called.
fn named(code: &str, own: &str) -> anyhow::Result<Topic> {
    Topic::named(code).ok_or_else(|| {
        let near = match Topic::nearest(code) {
            Some(near) => format!("did you mean {}? {own} explain", near.name()),
            None => format!("{own} explain"),
        };
        anyhow::anyhow!(
            "there is no finding with the code {}; {near} lists them all",
            code.escape_debug()
        )
    })
}

/// What a code means, in lines of at most `room`. A display filter stands in a line
/// of its own, however long it is, so that it can be copied.
fn text(topic: Topic, lang: Lang, port: u16, room: usize) -> Vec<String> {
    let around = PageWords::of(lang);
    let words = topic.words(lang);
    let title = format!(
        "{} ({}): {}",
        topic.name(),
        topic.told_severities(&around),
        words.title
    );
    let mut lines = wrap(&title, room);
    lines.push(String::new());
    lines.extend(wrap(&words.means, room));
    let mut section = |heading: &str, body: Vec<String>| {
        lines.extend([String::new(), heading.to_owned()]);
        lines.extend(body.into_iter().map(|line| format!("  {line}")));
    };
    let wrapped = |text: &str| wrap(text, room.saturating_sub(2));
    section(&around.look_at, wrapped(&words.look_at));
    if let Some(filter) = topic.display_filter(port) {
        section(&around.wireshark, vec![filter]);
    }
    section(&around.to_do, wrapped(&words.to_do));
    if !words.evidence.is_empty() {
        section(&around.evidence, evidence(&words, room));
    }
    lines
}

/// The names of the evidence, and beside each what it holds.
fn evidence(words: &Words, room: usize) -> Vec<String> {
    columns(words.evidence.iter().map(|(n, h)| (&**n, &**h)), room)
}

/// Names, and beside each its text. The lines are two columns less than `room`.
fn columns<'a>(rows: impl Iterator<Item = (&'a str, &'a str)> + Clone, room: usize) -> Vec<String> {
    let indent = rows.clone().map(|(name, _)| width(name)).max().unwrap_or(0) + 2;
    let left = room.saturating_sub(indent + 2);
    let mut lines = Vec::new();
    for (name, text) in rows {
        let text = wrap(text, left).into_iter().enumerate();
        lines.extend(text.map(|(at, line)| {
            let name = if at == 0 { name } else { "" };
            format!("{name:indent$}{line}")
        }));
    }
    lines
}

/// Every code, and what it is about.
fn list(lang: Lang, room: usize) -> Vec<String> {
    let around = PageWords::of(lang);
    let titles: Vec<(Topic, String)> = Topic::all().map(|t| (t, t.words(lang).title)).collect();
    let of_comparison = |(topic, _): &&(Topic, String)| matches!(topic, Topic::Comparison(_));
    let (compared, runs): (Vec<_>, Vec<_>) = titles.iter().partition(of_comparison);
    let mut lines = Vec::new();
    for (heading, topics) in [(&around.of_runs, runs), (&around.of_comparisons, compared)] {
        lines.push(heading.clone());
        let rows = topics.iter().map(|(topic, title)| (topic.name(), &**title));
        let rows = columns(rows, room).into_iter();
        lines.extend(rows.map(|line| format!("  {line}")));
        lines.push(String::new());
    }
    lines.extend(wrap(&around.one, room));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_but_a_filter_is_wider_than_its_room() {
        for lang in Lang::ALL {
            for room in [40, 80, 100] {
                for topic in Topic::all() {
                    let filter = topic.display_filter(45_000).unwrap_or_default();
                    for line in text(topic, *lang, 45_000, room) {
                        let fits = width(&line) <= room || line.trim() == filter;
                        assert!(fits, "{line}");
                        assert_eq!(line.trim_end(), line);
                    }
                }
                assert!(list(*lang, room).iter().all(|l| width(l) <= room));
            }
        }
    }

    #[test]
    fn the_list_has_every_code_once() {
        let lines = list(Lang::En, 100);
        for topic in Topic::all() {
            let of = |line: &&String| line.split_whitespace().next() == Some(topic.name());
            assert_eq!(lines.iter().filter(of).count(), 1, "{}", topic.name());
        }
    }

    #[test]
    fn an_unknown_code_is_told_with_the_nearest() {
        let told = |code: &str| named(code, "./threadtap").unwrap_err().to_string();
        assert_eq!(
            told("pool_widht"),
            "there is no finding with the code pool_widht; did you mean pool_width? ./threadtap \
             explain lists them all"
        );
        assert_eq!(
            told("\u{1b}[2J"),
            "there is no finding with the code \\u{1b}[2J; ./threadtap explain lists them all"
        );
    }
}
