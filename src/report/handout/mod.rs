//! `report.md`: the report that is handed in, made of any number of saved runs,
//! comparisons and searches for ceilings, in a language.
//!
//! Records come in; Markdown goes out. One template for all languages: what is said
//! stands in `words`, a file a language. A sentence stands there when the record says
//! that it is true of this run, and else not: what was not seen is left out, or said to
//! be so, with the reason where that is known.

mod ceilings;
mod comparison;
mod conclusion;
mod counts;
mod example;
mod facts;
mod findings;
mod interactions;
mod legend;
mod methods;
mod outcome;
mod page;
mod seal;
mod setting;
mod story;
mod told;
mod words;

#[cfg(test)]
pub(in crate::report) mod tests;

pub(crate) use example::example;
pub(crate) use seal::{is_as_made, sealed};

use crate::analysis::Ladder;
use crate::lang::Lang;
use crate::model::{CeilingRecord, CompareRecord, RunRecord};
use crate::report::view::RunView;
use page::Page;
use words::Say;

/// What a report is made of, each with its name: the folder that it was saved in.
pub(crate) enum Part<'a> {
    /// A run.
    Run(RunPart<'a>),
    /// A comparison.
    Compare(&'a str, &'a CompareRecord),
    /// A search for ceilings.
    Ceiling(&'a str, &'a CeilingRecord),
}

/// What a finding means.
pub(crate) struct Meaning {
    /// What happened, in a few words.
    pub(crate) title: String,
    /// What it means, in whole sentences.
    pub(crate) means: String,
}

/// What the findings of this code mean, in this language; `None` of a code that is not
/// known.
pub(crate) type Explain<'a> = dyn Fn(&str, Lang) -> Option<Meaning> + 'a;

/// A run, and what is known of how it was saved.
pub(crate) struct RunPart<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What was saved.
    pub(crate) view: RunView<'a>,
    /// Whether it came to its end, and all of it is there.
    pub(crate) whole: bool,
    /// The segments of the flow that [`example()`] chooses; `None` where the capture does
    /// not have them.
    pub(crate) ladder: Option<&'a Ladder>,
    /// The method that it is described for, where it is one of many runs of it.
    pub(crate) stands_for: Option<Method<'a>>,
}

/// A method of a comparison; the run that stands for it is the one with the median
/// duration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method<'a> {
    /// The comparison's name.
    pub(crate) comparison: &'a str,
    /// The row's name.
    pub(crate) name: &'a str,
    /// How many runs with a duration it has.
    pub(crate) runs: u64,
}

/// All parts, by their kinds.
struct Parts<'a> {
    runs: Vec<&'a RunPart<'a>>,
    compared: Vec<(&'a str, &'a CompareRecord)>,
    ceilings: Vec<(&'a str, &'a CeilingRecord)>,
}

impl<'a> Parts<'a> {
    fn of(parts: &'a [Part<'a>]) -> Self {
        let mut all = Self {
            runs: Vec::new(),
            compared: Vec::new(),
            ceilings: Vec::new(),
        };
        for part in parts {
            match part {
                Part::Run(run) => all.runs.push(run),
                Part::Compare(name, record) => all.compared.push((name, record)),
                Part::Ceiling(name, record) => all.ceilings.push((name, record)),
            }
        }
        all
    }

    /// How many methods of the comparison are described by a run.
    fn methods_of(&self, comparison: &str) -> usize {
        let methods = self.runs.iter().filter_map(|run| run.stands_for);
        methods.filter(|m| m.comparison == comparison).count()
    }

    fn records(&self) -> impl Iterator<Item = &'a RunRecord> + '_ {
        self.runs.iter().map(|run| run.view.run)
    }
}

/// Headings with their numbers.
struct Sections {
    page: Page,
    number: usize,
}

impl Sections {
    fn begin(&mut self, title: &str) -> &mut Page {
        self.number += 1;
        self.page.heading(2, &format!("{}. {title}", self.number));
        &mut self.page
    }
}

/// The report; `rows` is the most that a table of interactions has.
pub(crate) fn handout(
    parts: &[Part<'_>],
    lang: Lang,
    rows: usize,
    explain: &Explain<'_>,
) -> String {
    let say = Say::new(lang);
    let parts = Parts::of(parts);
    let mut sections = Sections {
        page: Page::default(),
        number: 0,
    };
    sections.page.heading(1, &say.title());
    setting::task(say, &parts, sections.begin(&say.h_task()));
    setting::environment(say, &parts, sections.begin(&say.h_environment()));
    if ceilings::is_known(&parts) {
        ceilings::section(say, &parts, sections.begin(&say.h_ceiling()));
    }
    for run in &parts.runs {
        let title = format!(
            "{}: {}",
            page::foreign(run.name),
            methods::of_run(say, run.view.run)
        );
        one_run(say, run, rows, explain, sections.begin(&title));
    }
    // Those that stand for methods are side by side in their comparison.
    if parts.runs.len() > 1 && parts.runs.iter().any(|run| run.stands_for.is_none()) {
        comparison::of_runs(say, &parts.runs, sections.begin(&say.h_side_by_side()));
    }
    for (name, record) in &parts.compared {
        let title = say.h_comparison(&page::foreign(name));
        let described = parts.methods_of(name);
        let page = sections.begin(&title);
        comparison::section(say, record, explain, page);
        page.sentences(comparison::not_described(say, record, described).as_slice());
    }
    conclusion::section(say, &parts, sections.begin(&say.h_conclusion()));
    legend::section(say, &parts, sections.begin(&say.h_legend()));
    sections.page.end()
}

fn one_run(say: Say, run: &RunPart<'_>, rows: usize, explain: &Explain<'_>, page: &mut Page) {
    page.sentences(&told::caveats(say, run));
    page.heading(3, &say.h_counts());
    counts::table(say, &run.view.run.census, page);
    page.sentences(&counts::sentences(say, run.view.run));
    page.heading(3, &say.h_description());
    page.sentences(&story::client(say, run.view));
    page.sentences(&story::server(say, run.view));
    page.sentences(&outcome::sentences(say, run.view));
    example::describe(say, run, page);
    page.heading(3, &say.h_interactions());
    interactions::table(say, run, rows, page);
    if !run.view.run.findings.is_empty() {
        page.heading(3, &say.h_findings());
        findings::list(say, &run.view.run.findings, explain, page);
    }
}
