//! The top of the page: the answer in one screen.

use super::markup::Markup;
use super::words::{ENGLISH, how};
use crate::lang::Lang;
use crate::model::{Counts, Finding, Quantiles, Requests, RunRecord, Severity, SideCensus};
use crate::report::sheet::ABSENT;
use crate::report::summary::{subtitles, title};
use crate::report::view::RunView;
use crate::text::units::{count, duration};
use crate::wording;

/// What was run, the counts of both sides, what became of the requests, findings.
pub(super) fn answer(view: RunView<'_>, lang: Lang, notes: &[String]) -> String {
    let run = view.run;
    let mut page = Markup::default();
    page.raw("<header>\n");
    page.element("<h1>", &title(ENGLISH, run).text, "</h1>\n");
    for line in subtitles(ENGLISH, run) {
        page.element("<p class=\"quiet\">", &line.text, "</p>\n");
    }
    for note in notes {
        page.element("<p class=\"note\" role=\"note\">", note, "</p>\n");
    }
    page.raw("</header>\n<main>\n<section class=\"cards\" aria-label=\"The answer\">\n");
    side(&mut page, "Client", &run.census.client);
    side(&mut page, "Server", &run.census.server);
    requests(&mut page, &run.requests);
    wire(&mut page, run);
    page.raw("</section>\n");
    findings(&mut page, lang, &run.findings);
    page.end()
}

fn figure(n: Option<u64>) -> String {
    n.map_or(ABSENT.to_owned(), count)
}

fn side(page: &mut Markup, name: &str, census: &SideCensus) {
    page.element("<div class=\"card\">\n<h2>", name, "</h2>\n");
    page.raw("<table class=\"census\">\n<thead><tr><td></td>");
    for moment in ["before", "peak", "after", "created"] {
        page.element("<th scope=\"col\">", moment, "</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    counts(page, "threads", census.threads);
    counts(page, "processes", census.processes);
    page.raw("</tbody></table>\n");
    page.element(
        "<p class=\"quiet\">",
        how(census.provenance),
        "</p>\n</div>\n",
    );
}

fn counts(page: &mut Markup, of: &str, counts: Counts) {
    page.element("<tr><th scope=\"row\">", of, "</th>");
    page.element("<td>", &figure(counts.before), "</td>");
    page.element("<td class=\"peak\">", &figure(counts.peak), "</td>");
    page.element("<td>", &figure(counts.after), "</td>");
    page.element("<td>", &figure(counts.created), "</td></tr>\n");
}

/// A list of figures with their names.
fn list(page: &mut Markup, heading: &'static str, rows: &[(&'static str, String)]) {
    page.element("<div class=\"card\">\n<h2>", heading, "</h2>\n<dl>\n");
    for (name, value) in rows {
        page.fact(name, value);
    }
    page.raw("</dl>\n</div>\n");
}

fn requests(page: &mut Markup, requests: &Requests) {
    let failed = requests.sum_of_failures();
    list(
        page,
        "Requests",
        &[
            ("submitted", figure(requests.submitted)),
            ("attempted", figure(requests.attempted)),
            ("on the wire", figure(requests.on_wire)),
            ("answered", figure(requests.answered)),
            ("valid", figure(requests.valid)),
            ("failed", figure(failed)),
        ],
    );
}

fn wire(page: &mut Markup, run: &RunRecord) {
    let figures = |q: Option<Quantiles>| match q {
        None => [ABSENT.to_owned(), ABSENT.to_owned()],
        Some(q) => [duration(q.p50_ns), duration(q.p99_ns)],
    };
    let [handshake, handshake_p99] = figures(run.latency.handshake);
    let [answer, answer_p99] = figures(run.latency.exchange);
    let capture = run.capture.as_ref();
    let dropped = capture.and_then(|c| c.dropped_by_kernel);
    list(
        page,
        "Wire",
        &[
            ("flows", figure(run.correlation.flows)),
            ("handshake p50", handshake),
            ("handshake p99", handshake_p99),
            ("answer p50", answer),
            ("answer p99", answer_p99),
            ("frames dropped", figure(dropped)),
        ],
    );
}

fn findings(page: &mut Markup, lang: Lang, findings: &[Finding]) {
    page.raw("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n");
    if findings.is_empty() {
        page.raw("<p class=\"quiet\">None.</p>\n");
    } else {
        page.raw("<ul class=\"findings\">\n");
    }
    for finding in findings {
        let (open, label) = match finding.severity {
            Severity::Error => ("<li class=\"error\"><b>", "error"),
            Severity::Warning => ("<li class=\"warning\"><b>", "warning"),
            Severity::Info => ("<li class=\"info\"><b>", "note"),
        };
        let lang = if wording::is_told(finding, lang) {
            lang
        } else {
            Lang::En
        };
        page.element(open, label, "</b> <div><span lang=\"");
        page.text(lang.name()).raw("\">");
        page.element("", &wording::message(finding, lang), "</span>");
        page.element(" <code>", &finding.code, "</code>");
        if !finding.evidence.is_empty() {
            page.raw("<details><summary>evidence</summary><dl>");
            for (name, value) in &finding.evidence {
                let value = match value {
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Null => ABSENT.to_owned(),
                    other => other.to_string(),
                };
                page.fact(name, &value);
            }
            page.raw("</dl></details>");
        }
        page.raw("</div></li>\n");
    }
    if !findings.is_empty() {
        page.raw("</ul>\n");
    }
    page.raw("</section>\n");
}
