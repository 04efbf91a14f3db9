//! A run as a page: one file for a browser, without a network; and several runs beside
//! each other (`several`).
//!
//! The answer stands on top as plain HTML, which needs no script: what was run, the
//! threads and processes of each side, what is concluded. Below, the page's own script
//! draws the time axis, the histograms and the table from columns of numbers (`data`),
//! which are gzipped and stand in a `<template>`. The page's source is `page/`: plain
//! files that a person can edit, put together here.
//!
//! Nothing from outside becomes markup or script: what stands in the HTML goes through
//! [`Markup::text`](markup::Markup::text), what stands in the data is base64, and the
//! page's policy runs no script but its own, whose hash it names.

mod answer;
mod clock;
mod columns;
mod data;
mod figures;
mod flow_table;
mod markup;
mod pack;
mod page_texts;
mod several;
#[cfg(test)]
mod tests;
mod texts;
mod words;

pub(crate) use several::{Beside, Several, write_several};

use std::io::{self, Write};

use serde_json::Value;

use self::markup::Markup;
use self::words::Say;
use super::summary;
use super::view::RunView;
use crate::lang::Lang;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");

/// The script: its files, one after the other.
const SCRIPT: &str = concat!(
    include_str!("page/base.js"),
    include_str!("page/words.js"),
    include_str!("page/data.js"),
    include_str!("page/model.js"),
    include_str!("page/lanes.js"),
    include_str!("page/axis.js"),
    include_str!("page/dust.js"),
    include_str!("page/paint.js"),
    include_str!("page/ladder.js"),
    include_str!("page/histogram.js"),
    include_str!("page/table.js"),
    include_str!("page/main.js"),
);

/// Writes the page of a run, in a language; `notes` are what a reader should know of its
/// files.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_html(
    view: RunView<'_>,
    lang: Lang,
    notes: &[String],
    out: &mut impl Write,
) -> io::Result<()> {
    let say = Say::new(lang);
    let mut title = Markup::default();
    title.text(&summary::title(say.tables(), view.run).text);
    let mut parts = Parts {
        title: title.end(),
        top: answer::answer(say, view, notes),
        rest: figures::figures(say, view),
        data: String::new(),
    };
    // Where there is no room, times become coarser, ten times at a time: noise is what does
    // not pack.
    let mut page = Vec::new();
    for coarser in [1, 10, 100, 1_000] {
        parts.data = pack::packed(&data::data(say, view, coarser)?)?;
        page.clear();
        parts.fill(PAGE, SCRIPT, lang, &mut page)?;
        if page.len() < ROOM {
            break;
        }
    }
    out.write_all(&page)
}

/// Bytes below which a page stays.
const ROOM: usize = 2_500_000;

/// What a page is made of, beside its own texts, its style and its script.
struct Parts {
    title: String,
    /// Before what the script draws.
    top: String,
    /// After it.
    rest: String,
    data: String,
}

impl Parts {
    /// The places that are no texts.
    const NAMES: [&str; 9] = [
        "lang", "policy", "title", "style", "top", "rest", "texts", "data", "script",
    ];

    /// Writes a page. What is put in is not looked at again.
    fn fill(&self, page: &str, script: &str, lang: Lang, out: &mut impl Write) -> io::Result<()> {
        let (script, style) = (pack::flush_left(script), pack::flush_left(STYLE));
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
            pack::source(&script),
            pack::source(&style)
        );
        let texts = page_texts::all(lang);
        let mut script_texts = Markup::default();
        script_texts.text(&serde_json::to_string(&texts)?);
        let parts: [&str; Self::NAMES.len()] = [
            lang.name(),
            &policy,
            &self.title,
            &style,
            &self.top,
            &self.rest,
            &script_texts.end(),
            &self.data,
            &script,
        ];
        let mut rest = page;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            out.write_all(before.as_bytes())?;
            if let Some(part) = Self::NAMES.iter().position(|part| *part == name) {
                out.write_all(parts[part].as_bytes())?;
            } else {
                let mut text = Markup::default();
                text.coded(texts.get(name).and_then(Value::as_str).unwrap_or_default());
                out.write_all(text.end().as_bytes())?;
            }
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }
}
