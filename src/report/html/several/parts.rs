//! The HTML of the page: the answer on top, tables, conclusions, ceilings.

use super::Several;
use super::member::Member;
use crate::model::{Counts, Quantiles, RunCensus};
use crate::report::html::answer::list_of_findings;
use crate::report::html::figures::{block, grid};
use crate::report::html::markup::Markup;
use crate::report::html::words::Say;
use crate::report::sheet::{ABSENT, Block, Cell, Column, Grid, Row, Sheet};
use crate::report::{ceiling, compare};

/// What the page is of.
pub(super) fn title(say: Say, several: &Several<'_>) -> String {
    let runs = several
        .runs
        .iter()
        .filter(|r| r.stands_for.is_none())
        .count();
    match (runs, &several.compared[..], &several.ceilings[..]) {
        (0, [(_, record)], _) => compare::sheet(say.lang, record).title.text,
        (0, [], [(_, record)]) => ceiling::sheet(say.lang, record).title.text,
        _ => say.side_by_side().to_owned(),
    }
}

/// The answer: what was run, and its figures.
pub(super) fn top(say: Say, several: &Several<'_>, members: &[Member<'_>]) -> String {
    let mut page = Markup::default();
    page.raw("<header>\n");
    page.element("<h1>", &title(say, several), "</h1>\n");
    let compared = several.compared.iter();
    let compared = compared.map(|(_, record)| compare::sheet(say.lang, record));
    let ceilings = several.ceilings.iter();
    let ceilings = ceilings.map(|(_, record)| ceiling::sheet(say.lang, record));
    for line in compared.chain(ceilings).flat_map(|sheet| sheet.subtitles) {
        page.element("<p class=\"quiet\">", &line.text, "</p>\n");
    }
    page.raw("</header>\n<main>\n");
    if members.is_empty() {
        return page.end();
    }
    page.raw("<section aria-labelledby=\"answer\">\n");
    page.element("<h2 id=\"answer\">", say.the_answer(), "</h2>\n");
    answer(say, &mut page, members);
    let alone = several.runs.iter().any(|run| run.stands_for.is_none());
    if alone {
        page.raw("<p class=\"quiet\">");
        page.coded(say.one_run_each()).raw("</p>\n");
    }
    if !several.compared.is_empty() {
        page.element("<p class=\"quiet\">", say.median_runs(), "</p>\n");
    }
    page.raw("</section>\n");
    page.end()
}

/// A row for each method.
fn answer(say: Say, page: &mut Markup, members: &[Member<'_>]) {
    let tables = say.tables();
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    page.text(say.side_by_side())
        .raw("\"><table class=\"methods\">\n<thead><tr>");
    page.element("<th scope=\"col\" class=\"left\">", say.method(), "</th>");
    for title in [
        tables.valid(),
        say.client_peak(),
        say.server_peak(),
        say.handshake_p50(),
        say.answer_p50(),
        say.answer_p99(),
        say.client_ran(),
    ] {
        page.element("<th scope=\"col\">", title, "</th>");
    }
    page.element(
        "<th scope=\"col\" class=\"left\">",
        say.what_was_run(),
        "</th>",
    );
    page.raw("</tr></thead>\n<tbody>\n");
    for member in members {
        page.raw("<tr><th scope=\"row\">");
        match member.page {
            Some(address) => page
                .element("<a href=\"", address, "\">")
                .text(&member.name)
                .raw("</a>"),
            None => page.text(&member.name),
        };
        page.raw("</th>");
        let count = |n: Option<u64>| n.map_or_else(|| ABSENT.to_owned(), |n| say.lang.count(n));
        let time = |q: Option<crate::model::Nanos>| {
            q.map_or_else(|| ABSENT.to_owned(), |t| say.lang.duration(t))
        };
        let peak = |of: fn(&RunCensus) -> Counts| count(member.census.and_then(|c| of(c).peak));
        let [valid, all] = member.requests;
        let valid = match (valid, all) {
            (Some(valid), Some(all)) if valid <= all => {
                say.valid_of(&say.lang.count(valid), &say.lang.count(all))
            }
            (valid, _) => count(valid),
        };
        let latency = member.latency;
        for figure in [
            valid,
            peak(|c| c.client.threads),
            peak(|c| c.server.threads),
            time(latency.handshake.map(|q| q.p50_ns)),
            time(latency.exchange.map(|q| q.p50_ns)),
            time(latency.exchange.map(|q| q.p99_ns)),
            time(member.duration),
        ] {
            page.element("<td>", &figure, "</td>");
        }
        page.element("<td class=\"left what\">", &member.what, "");
        if let Some(caveat) = member.caveat {
            page.element(" <span class=\"careful\">", caveat, "</span>");
        }
        page.raw("</td></tr>\n");
    }
    page.raw("</tbody></table></div>\n");
}

/// The tables beside the charts, conclusions, comparisons, ceilings.
pub(super) fn rest(say: Say, several: &Several<'_>, members: &[Member<'_>]) -> String {
    let mut page = Markup::default();
    if !members.is_empty() {
        page.raw("<section aria-labelledby=\"as-tables\">\n");
        page.element(
            "<h2 id=\"as-tables\">",
            say.as_tables(),
            "</h2>\n<div class=\"blocks\">\n",
        );
        tasks(say, &mut page, members);
        let tables = say.tables();
        quantiles(say, &mut page, tables.handshake(), members, |m| {
            m.latency.handshake
        });
        quantiles(say, &mut page, tables.answer(), members, |m| {
            m.latency.exchange
        });
        page.raw("</div>\n</section>\n");
    }
    for run in several.runs.iter().filter(|run| run.stands_for.is_none()) {
        section(&mut page, &say.findings_of(run.name));
        list_of_findings(say, &mut page, &run.view.run.findings);
        page.raw("</section>\n");
    }
    for (name, record) in &several.compared {
        sheet(
            &mut page,
            &say.comparison(name),
            &compare::sheet(say.lang, record),
        );
        if !record.findings.is_empty() {
            page.element("<h3>", say.tables().findings(), "</h3>\n");
            list_of_findings(say, &mut page, &record.findings);
        }
        page.raw("</section>\n");
    }
    for (name, record) in &several.ceilings {
        let made = ceiling::sheet(say.lang, record);
        sheet(&mut page, &format!("{name}: {}", made.title.text), &made);
        page.raw("</section>\n");
    }
    page.end()
}

fn section(page: &mut Markup, heading: &str) {
    page.element("<section>\n<h2>", heading, "</h2>\n");
}

/// The tables of a sheet; its charts are drawn by the script, from the same record.
fn sheet(page: &mut Markup, heading: &str, sheet: &Sheet) {
    section(page, heading);
    page.raw("<div class=\"blocks\">\n");
    for one in &sheet.blocks {
        if matches!(one, Block::Grid { .. } | Block::Facts { .. }) {
            block(page, one);
        }
    }
    page.raw("</div>\n");
}

/// Counts of a census.
type Of = fn(&RunCensus) -> Counts;

/// A table with a row for each method.
fn table(
    page: &mut Markup,
    heading: &str,
    columns: &[&'static str],
    members: &[Member<'_>],
    cells: impl Fn(&Member<'_>) -> Vec<Option<String>>,
) {
    let first = std::iter::once(Column::left(""));
    let made = Grid {
        columns: first
            .chain(columns.iter().map(|c| Column::right(c)))
            .collect(),
        rows: members
            .iter()
            .map(|member| {
                let name = std::iter::once(Cell::new(&member.name));
                let cells = cells(member).into_iter().map(Cell::maybe);
                Row::new(name.chain(cells).collect::<Vec<_>>())
            })
            .collect(),
    };
    page.element("<section>\n<h3>", heading, "</h3>\n");
    grid(page, heading, &made);
    page.raw("</section>\n");
}

fn tasks(say: Say, page: &mut Markup, members: &[Member<'_>]) {
    let tables = say.tables();
    let columns = [
        tables.before(),
        tables.peak(),
        tables.after(),
        tables.created(),
    ];
    let sides: [(&str, Of); 4] = [
        (tables.client_threads(), |c| c.client.threads),
        (tables.client_processes(), |c| c.client.processes),
        (tables.server_threads(), |c| c.server.threads),
        (tables.server_processes(), |c| c.server.processes),
    ];
    for (heading, of) in sides {
        table(page, heading, &columns, members, |member| {
            let counts = member.census.map(of).unwrap_or_default();
            [counts.before, counts.peak, counts.after, counts.created]
                .map(|n| n.map(|n| say.lang.count(n)))
                .into()
        });
    }
}

fn quantiles(
    say: Say,
    page: &mut Markup,
    heading: &str,
    members: &[Member<'_>],
    of: impl Fn(&Member<'_>) -> Option<Quantiles>,
) {
    let tables = say.tables();
    let columns = [
        tables.number(),
        tables.min(),
        "p50",
        "p95",
        "p99",
        tables.max(),
    ];
    table(page, heading, &columns, members, |member| {
        let Some(q) = of(member) else {
            return vec![None; 6];
        };
        let times = [q.min_ns, q.p50_ns, q.p95_ns, q.p99_ns, q.max_ns];
        let count = std::iter::once(say.lang.count(q.count));
        count
            .chain(times.map(|t| say.lang.duration(t)))
            .map(Some)
            .collect()
    });
}
