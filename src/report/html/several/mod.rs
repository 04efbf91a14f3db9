//! Several runs beside each other, as a page: runs, the methods of comparisons, ceilings.
//!
//! The figures stand there as plain HTML tables; the page's own script draws threads over
//! time and how long handshakes and answers took, every method on the same axes. So a
//! chart never says more than the table below it.

mod curve;
mod member;
mod parts;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde::Serialize;

use self::member::{Drawn, Member};
use super::markup::Markup;
use super::words::Say;
use super::{Parts, pack};
use crate::lang::Lang;
use crate::model::{CeilingRecord, CompareRecord};
use crate::report::view::RunView;

pub(super) const PAGE: &str = include_str!("../page/several.html");

/// The script: its files, one after the other.
pub(super) const SCRIPT: &str = concat!(
    include_str!("../page/base.js"),
    include_str!("../page/words.js"),
    include_str!("../page/tasks.js"),
    include_str!("../page/cdf.js"),
    include_str!("../page/several.js"),
);

/// So many methods are drawn: of more nobody tells the lines apart.
const MOST_DRAWN: usize = 24;

/// A run of the page.
pub(crate) struct Beside<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What was saved.
    pub(crate) view: RunView<'a>,
    /// Whether it came to its end, and all of it is there.
    pub(crate) whole: bool,
    /// Where its own page is, as a relative reference (RFC 3986, 4.2); `None` where there is
    /// none.
    pub(crate) page: Option<String>,
    /// The place of the comparison among those of the page, and the name of the row, for
    /// which the run stands: the one with the median duration.
    pub(crate) stands_for: Option<(usize, &'a str)>,
}

/// All that the page is made of, each with its name.
#[derive(Default)]
pub(crate) struct Several<'a> {
    /// Runs.
    pub(crate) runs: Vec<Beside<'a>>,
    /// Comparisons.
    pub(crate) compared: Vec<(&'a str, &'a CompareRecord)>,
    /// Searches for ceilings.
    pub(crate) ceilings: Vec<(&'a str, &'a CeilingRecord)>,
}

/// What the page's script has to know.
#[derive(Serialize)]
struct Data<'a> {
    /// Of this layout.
    version: u32,
    members: Vec<Drawn<'a>>,
    /// How many more there are, which are not drawn.
    left_out: usize,
}

/// Writes the page, in a language.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_several(
    several: &Several<'_>,
    lang: Lang,
    out: &mut impl Write,
) -> io::Result<()> {
    let say = Say::new(lang);
    let members = Member::all(say, several);
    let data = Data {
        version: 1,
        members: members.iter().take(MOST_DRAWN).map(Member::drawn).collect(),
        left_out: members.len().saturating_sub(MOST_DRAWN),
    };
    let mut title = Markup::default();
    title.text(&parts::title(say, several));
    let parts = Parts {
        title: title.end(),
        top: parts::top(say, several, &members),
        rest: parts::rest(say, several, &members),
        data: pack::packed(&serde_json::to_vec(&data)?)?,
    };
    parts.fill(PAGE, SCRIPT, lang, out)
}
