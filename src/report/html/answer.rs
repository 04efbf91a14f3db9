//! The top of the page: the answer in one screen.

use super::markup::Markup;
use super::words::Say;
use crate::lang::Lang;
use crate::model::{
    Counts, Finding, Provenance, Quantiles, Requests, RunRecord, Severity, SideCensus,
};
use crate::report::sheet::ABSENT;
use crate::report::shown::figure_of;
use crate::report::summary::{subtitles, title};
use crate::report::view::RunView;
use crate::wording;

/// What was run, the counts of both sides, what became of the requests, findings.
pub(super) fn answer(say: Say, view: RunView<'_>, notes: &[String]) -> String {
    let run = view.run;
    let mut page = Markup::default();
    page.raw("<header>\n");
    page.element("<h1>", &title(say.tables(), run).text, "</h1>\n");
    for line in subtitles(say.tables(), run) {
        page.element("<p class=\"quiet\">", &line.text, "</p>\n");
    }
    for note in notes {
        page.element(
            "<p class=\"note\" role=\"note\">",
            &say.lang.kept(note),
            "</p>\n",
        );
    }
    page.raw("</header>\n<main>\n<section class=\"cards\" aria-label=\"");
    page.text(say.the_answer()).raw("\">\n");
    side(say, &mut page, say.client(), &run.census.client);
    side(say, &mut page, say.server(), &run.census.server);
    requests(say, &mut page, &run.requests);
    wire(say, &mut page, run);
    page.raw("</section>\n");
    findings(say, &mut page, &run.findings);
    page.end()
}

fn figure(say: Say, n: Option<u64>) -> String {
    n.map_or(ABSENT.to_owned(), |n| say.lang.count(n))
}

fn side(say: Say, page: &mut Markup, name: &str, census: &SideCensus) {
    page.element("<div class=\"card\">\n<h2>", name, "</h2>\n");
    page.raw("<table class=\"census\">\n<thead><tr><td></td>");
    let tables = say.tables();
    for moment in [
        tables.before(),
        tables.peak(),
        tables.after(),
        tables.created(),
    ] {
        page.element("<th scope=\"col\">", moment, "</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    counts(say, page, say.threads(), census.threads);
    counts(say, page, say.processes(), census.processes);
    page.raw("</tbody></table>\n");
    page.element(
        "<p class=\"quiet\">",
        say.how(census.provenance),
        "</p>\n</div>\n",
    );
}

fn counts(say: Say, page: &mut Markup, of: &str, counts: Counts) {
    page.element("<tr><th scope=\"row\">", of, "</th>");
    page.element("<td>", &figure(say, counts.before), "</td>");
    page.element("<td class=\"peak\">", &figure(say, counts.peak), "</td>");
    page.element("<td>", &figure(say, counts.after), "</td>");
    page.element("<td>", &figure(say, counts.created), "</td></tr>\n");
}

/// A list of figures with their names.
fn list(page: &mut Markup, heading: &'static str, rows: &[(&'static str, String)]) {
    page.element("<div class=\"card\">\n<h2>", heading, "</h2>\n<dl>\n");
    for (name, value) in rows {
        page.fact(name, value);
    }
    page.raw("</dl>\n</div>\n");
}

fn requests(say: Say, page: &mut Markup, requests: &Requests) {
    let tables = say.tables();
    let figure = |n| figure(say, n);
    let failed = requests.sum_of_failures();
    list(
        page,
        tables.requests_heading(),
        &[
            (tables.submitted(), figure(requests.submitted)),
            (tables.attempted(), figure(requests.attempted)),
            (tables.on_wire(), figure(requests.on_wire)),
            (tables.answered(), figure(requests.answered)),
            (tables.valid(), figure(requests.valid)),
            (tables.failed(), figure(failed)),
        ],
    );
}

fn wire(say: Say, page: &mut Markup, run: &RunRecord) {
    let figures = |q: Option<Quantiles>| match q {
        None => [ABSENT.to_owned(), ABSENT.to_owned()],
        Some(q) => [say.lang.duration(q.p50_ns), say.lang.duration(q.p99_ns)],
    };
    let [handshake, handshake_p99] = figures(run.latency.handshake);
    let [answer, answer_p99] = figures(run.latency.exchange);
    let capture = run.capture.as_ref();
    let dropped = capture.and_then(|c| c.dropped_by_kernel);
    // Without a capture the client told of its times.
    let heading = if Provenance::is_told(run.latency.provenance) {
        say.connections()
    } else {
        say.wire()
    };
    list(
        page,
        heading,
        &[
            (
                say.tables().flows_label(),
                figure(say, run.correlation.flows),
            ),
            (say.handshake_p50(), handshake),
            (say.handshake_p99(), handshake_p99),
            (say.answer_p50(), answer),
            (say.answer_p99(), answer_p99),
            (say.frames_dropped(), figure(say, dropped)),
        ],
    );
}

/// What is concluded, under its heading.
fn findings(say: Say, page: &mut Markup, findings: &[Finding]) {
    page.raw("<section aria-labelledby=\"findings\">\n");
    page.element("<h2 id=\"findings\">", say.tables().findings(), "</h2>\n");
    list_of_findings(say, page, findings);
    page.raw("</section>\n");
}

/// What is concluded, or that nothing is.
pub(super) fn list_of_findings(say: Say, page: &mut Markup, findings: &[Finding]) {
    let tables = say.tables();
    if findings.is_empty() {
        page.element("<p class=\"quiet\">", say.no_findings(), "</p>\n");
    } else {
        page.raw("<ul class=\"findings\">\n");
    }
    for finding in findings {
        let (open, label) = match finding.severity {
            Severity::Error => ("<li class=\"error\"><b>", tables.error()),
            Severity::Warning => ("<li class=\"warning\"><b>", tables.warning()),
            Severity::Info => ("<li class=\"info\"><b>", tables.note()),
        };
        let lang = if wording::is_told(finding, say.lang) {
            say.lang
        } else {
            Lang::En
        };
        page.element(open, label, "</b> <div><span lang=\"");
        page.text(lang.name()).raw("\">");
        page.element("", &wording::message(finding, lang), "</span>");
        page.element(" <code>", &finding.code, "</code>");
        if !finding.evidence.is_empty() {
            page.element("<details><summary>", say.evidence(), "</summary><dl>");
            for (name, value) in &finding.evidence {
                page.fact(name, &figure_of(value));
            }
            page.raw("</dl></details>");
        }
        page.raw("</div></li>\n");
    }
    if !findings.is_empty() {
        page.raw("</ul>\n");
    }
}
