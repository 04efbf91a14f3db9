//! A run as a page: one file for a browser, without a network.
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
#[cfg(test)]
mod tests;
mod texts;
mod words;

use std::io::{self, Write};

use self::markup::Markup;
use self::words::ENGLISH;
use super::summary;
use super::view::RunView;
use crate::lang::Lang;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");

/// The script: its files, one after the other.
const SCRIPT: &str = concat!(
    include_str!("page/data.js"),
    include_str!("page/words.js"),
    include_str!("page/model.js"),
    include_str!("page/lanes.js"),
    include_str!("page/axis.js"),
    include_str!("page/paint.js"),
    include_str!("page/ladder.js"),
    include_str!("page/histogram.js"),
    include_str!("page/table.js"),
    include_str!("page/main.js"),
);

/// Writes the page of a run; `notes` are what a reader should know of its files. The page
/// is in English, and what is concluded of the run in this language.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_html(
    view: RunView<'_>,
    lang: Lang,
    notes: &[String],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut title = Markup::default();
    title.text(&summary::title(ENGLISH, view.run).text);
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        pack::source(SCRIPT),
        pack::source(STYLE)
    );
    let data = pack::packed(&data::data(view)?)?;
    let parts = [
        ("policy", policy.as_str()),
        ("title", &title.end()),
        ("style", STYLE),
        ("answer", &answer::answer(view, lang, notes)),
        ("figures", &figures::figures(view)),
        ("data", &data),
        ("script", SCRIPT),
    ];
    // What is put in is not looked at again.
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.write_all(before.as_bytes())?;
        let part = parts.iter().find(|(known, _)| *known == name);
        out.write_all(part.map_or("", |(_, text)| text).as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}
