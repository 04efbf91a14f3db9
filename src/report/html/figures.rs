//! The end of the page: all figures of the run's record, where and how they were
//! made, and how each is known.

use super::markup::Markup;
use super::words::{ENGLISH, how};
use crate::model::{LimitName, RunRecord, ServerKind};
use crate::report::sheet::{ABSENT, Align, Block, Cell, Grid, Tone};
use crate::report::view::RunView;
use crate::report::{census, summary};
use crate::text::units::{bytes, count, duration};

/// Tables of figures, environment, method, provenance.
pub(super) fn figures(view: RunView<'_>) -> String {
    let run = view.run;
    let mut page = Markup::default();
    page.raw("<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">All figures</h2>\n");
    page.raw("<div class=\"blocks\">\n");
    block(&mut page, &census::block(ENGLISH, &run.census));
    for one in summary::blocks(ENGLISH, run) {
        // They stand on top.
        if !matches!(one, Block::Findings { .. }) {
            block(&mut page, &one);
        }
    }
    page.raw("</div>\n</section>\n");
    let environment = environment(run);
    facts(&mut page, "Environment", &environment);
    facts(&mut page, "Method", &method(run));
    facts(&mut page, "How each figure is known", &provenance(run));
    page.end()
}

fn block(page: &mut Markup, block: &Block) {
    page.raw("<section>\n");
    match block {
        Block::Grid {
            heading,
            grid: rows,
            after,
        } => {
            page.element("<h3>", heading, "</h3>\n");
            grid(page, heading, rows);
            if let Some(after) = after {
                page.element("<p class=\"quiet\">", &after.text, "</p>\n");
            }
        }
        Block::Facts { heading, facts } => {
            page.element("<h3>", heading, "</h3>\n<dl>\n");
            for (label, cell) in facts {
                page.element("<div><dt>", label, "</dt>");
                cell_in(page, "<dd>", cell, "</dd>");
                page.raw("</div>\n");
            }
            page.raw("</dl>\n");
        }
        // A run has none; its findings stand on top.
        Block::Plot { .. } | Block::Findings { .. } => {}
    }
    page.raw("</section>\n");
}

fn grid(page: &mut Markup, heading: &str, grid: &Grid) {
    page.element(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"",
        heading,
        "\"><table>\n<thead><tr>",
    );
    for column in &grid.columns {
        let (open, close) = match (column.title, column.align) {
            ("", _) => ("<td>", "</td>"),
            (_, Align::Left) => ("<th scope=\"col\" class=\"left\">", "</th>"),
            (_, Align::Right) => ("<th scope=\"col\">", "</th>"),
        };
        page.element(open, column.title, close);
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for row in &grid.rows {
        page.raw("<tr>");
        for (at, (column, cell)) in grid.columns.iter().zip(&row.cells).enumerate() {
            match (at, column.title, column.align) {
                (0, "", _) => {
                    page.element("<th scope=\"row\">", &cell.text, "</th>");
                }
                (_, _, Align::Left) => cell_in(page, "<td class=\"left\">", cell, "</td>"),
                (_, _, Align::Right) => cell_in(page, "<td>", cell, "</td>"),
            }
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody></table></div>\n");
}

fn cell_in(page: &mut Markup, open: &'static str, cell: &Cell, close: &'static str) {
    page.raw(open);
    match cell.tone {
        Tone::Error => page.element("<strong class=\"bad\">", &cell.text, "</strong>"),
        Tone::Warning => page.element("<span class=\"careful\">", &cell.text, "</span>"),
        Tone::Strong | Tone::Good => page.element("<strong>", &cell.text, "</strong>"),
        Tone::Plain | Tone::Quiet | Tone::Info => page.text(&cell.text),
    };
    page.raw(close);
}

type Facts = Vec<(String, String)>;

fn facts(page: &mut Markup, heading: &str, facts: &[(String, String)]) {
    page.element("<section>\n<h2>", heading, "</h2>\n<dl class=\"facts\">\n");
    for (name, value) in facts {
        page.fact(name, value);
    }
    page.raw("</dl>\n</section>\n");
}

fn fact(name: &str, value: Option<String>) -> (String, String) {
    (name.to_owned(), value.unwrap_or_else(|| ABSENT.to_owned()))
}

fn environment(run: &RunRecord) -> Facts {
    let environment = &run.environment;
    let mut facts = vec![
        fact("begun", Some(run.started.clone())),
        fact("kernel", Some(environment.kernel.clone())),
        fact("CPUs", Some(count(environment.cpus))),
        fact("memory", environment.memory_bytes.map(bytes)),
    ];
    facts.extend(environment.limits.iter().map(|(name, value)| {
        let value = match value {
            None => "unlimited, or not readable".to_owned(),
            Some(stack) if name == LimitName::Stack.name() => bytes(*stack),
            Some(value) => count(*value),
        };
        (name.clone(), value)
    }));
    let tool = format!("{} {}", run.tool.name, run.tool.version);
    facts.push(fact("made by", Some(tool)));
    facts
}

fn method(run: &RunRecord) -> Facts {
    let plan = &run.plan;
    let words = |words: Option<&[String]>| words.map(|words| words.join(" "));
    let built_in = || "built in".to_owned();
    let server = match plan.server {
        ServerKind::Embedded => Some(built_in()),
        ServerKind::Command => words(plan.server_command.as_deref()),
        ServerKind::Existing => Some("one that already ran".to_owned()),
    };
    let client = words(plan.client_command.as_deref()).unwrap_or_else(built_in);
    let mut facts = vec![
        fact("client", Some(client)),
        fact("strategy", plan.strategy.map(|s| s.to_string())),
        fact("workers", plan.workers.map(count)),
        fact("requests", plan.requests.map(count)),
        fact("server", server),
        fact("server model", plan.server_model.map(|m| m.to_string())),
        fact("target", Some(plan.target.clone())),
        fact("timeout of a request", plan.timeout_ns.map(duration)),
        fact("run took", Some(duration(run.duration_ns))),
        fact("client ran", run.observer.client_duration_ns.map(duration)),
    ];
    if plan.isolated {
        let network = "one of the run's own: user and network namespaces";
        facts.push(fact("network", Some(network.to_owned())));
    }
    match &run.capture {
        None => facts.push(fact("capture", None)),
        Some(capture) => facts.extend([
            fact("interface", Some(capture.interface.clone())),
            fact("link type", Some(capture.link_type.clone())),
            fact("filter", Some(capture.filter.clone())),
            fact("snapshot length", Some(bytes(capture.snaplen.into()))),
            fact("capture ended", Some(capture.stop_reason.to_string())),
        ]),
    }
    facts
}

fn provenance(run: &RunRecord) -> Facts {
    let census = &run.census;
    let threads = |of| format!("threads and processes of the {of}");
    let text = str::to_owned;
    vec![
        (threads("client"), text(how(census.client.provenance))),
        (threads("server"), text(how(census.server.provenance))),
        (threads("system"), text(how(census.system.provenance))),
        (
            text("flows, handshakes, answers"),
            text(match run.capture {
                Some(_) => {
                    "from the frames that libpcap captured; times are the kernel's, when it took the frame"
                }
                None if run.correlation.flows.is_some() => {
                    "from the frames in capture.pcap; the run was killed before it wrote its totals"
                }
                None => "nothing was captured, so none of them is known",
            }),
        ),
        (
            text("handshake"),
            text("from the first SYN to the client's acknowledgement of the SYN-ACK"),
        ),
        (
            text("answer"),
            text(
                "from the frame with the request's first byte to the frame with the answer's last byte",
            ),
        ),
        (
            text("p50, p95, p99"),
            text(
                "by nearest rank: each is one that was measured (of more than 65,536, exact to three digits)",
            ),
        ),
        (
            text("worker and thread of a flow"),
            text(
                "the flow's addresses and times are joined with what was seen of the sockets of each side; a flow tells how its owners are known",
            ),
        ),
        (
            text(ABSENT),
            text("not measured, or not seen; it is not zero"),
        ),
    ]
}
