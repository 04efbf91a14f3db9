//! The end of the page: all figures of the run's record, where and how they were
//! made, and how each is known.

use super::markup::Markup;
use super::words::Say;
use crate::model::{LimitName, Provenance, RunRecord, ServerKind};
use crate::report::sheet::{ABSENT, Align, Block, Cell, Grid, Tone};
use crate::report::view::RunView;
use crate::report::{census, observation, summary};
use crate::text::command;

/// Tables of figures, environment, method, provenance.
pub(super) fn figures(say: Say, view: RunView<'_>) -> String {
    let run = view.run;
    let mut page = Markup::default();
    page.raw("<section aria-labelledby=\"figures\">\n");
    page.element("<h2 id=\"figures\">", say.all_figures(), "</h2>\n");
    page.raw("<div class=\"blocks\">\n");
    block(&mut page, &census::block(say.tables(), &run.census));
    for one in summary::blocks(say.tables(), run) {
        // They stand on top.
        if !matches!(one, Block::Findings { .. }) {
            block(&mut page, &one);
        }
    }
    page.raw("</div>\n</section>\n");
    facts(&mut page, say.environment(), &environment(say, run));
    facts(&mut page, say.method(), &method(say, run));
    facts(&mut page, say.how_known(), &provenance(say, run));
    page.end()
}

pub(super) fn block(page: &mut Markup, block: &Block) {
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

pub(super) fn grid(page: &mut Markup, heading: &str, grid: &Grid) {
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

fn environment(say: Say, run: &RunRecord) -> Facts {
    let environment = &run.environment;
    let mut facts = vec![
        fact(say.begun(), Some(run.started.clone())),
        fact(say.kernel(), Some(environment.kernel.clone())),
        fact(say.cpus(), Some(say.lang.count(environment.cpus))),
        fact(
            say.memory(),
            environment.memory_bytes.map(|n| say.lang.bytes(n)),
        ),
    ];
    facts.extend(environment.limits.iter().map(|(name, value)| {
        let value = match value {
            None => say.unlimited().to_owned(),
            Some(stack) if name == LimitName::Stack.name() => say.lang.bytes(*stack),
            Some(value) => say.lang.count(*value),
        };
        (name.clone(), value)
    }));
    let tool = format!("{} {}", run.tool.name, run.tool.version);
    facts.push(fact(say.made_by(), Some(tool)));
    facts
}

fn method(say: Say, run: &RunRecord) -> Facts {
    let (plan, tables) = (&run.plan, say.tables());
    let count = |n: u64| say.lang.count(n);
    let duration = |span| say.lang.duration(span);
    let words = |words: Option<&[String]>| words.map(command::as_line);
    let built_in = || say.built_in().to_owned();
    let server = match plan.server {
        ServerKind::Embedded => Some(built_in()),
        ServerKind::Command => words(plan.server_command.as_deref()),
        ServerKind::Existing => Some(say.already_ran().to_owned()),
    };
    let client = words(plan.client_command.as_deref()).unwrap_or_else(|| {
        if plan.watched {
            tables.who_connects().to_owned()
        } else {
            built_in()
        }
    });
    let mut facts = vec![
        fact(tables.client(), Some(client)),
        fact(say.strategy(), plan.strategy.map(|s| s.to_string())),
        fact(say.workers(), plan.workers.map(count)),
        fact(tables.requests_column(), plan.requests.map(count)),
        fact(tables.server(), server),
        fact(say.server_model(), plan.server_model.map(|m| m.to_string())),
        fact(say.target(), Some(plan.target.clone())),
        fact(say.timeout(), plan.timeout_ns.map(duration)),
        fact(say.run_took(), Some(duration(run.duration_ns))),
        fact(
            say.client_ran(),
            run.observer.client_duration_ns.map(duration),
        ),
    ];
    if plan.isolated {
        facts.push(fact(say.network(), Some(say.own_network().to_owned())));
    }
    match &run.capture {
        None => facts.push(fact(tables.capture(), None)),
        Some(capture) => facts.extend([
            fact(say.interface(), Some(capture.interface.clone())),
            fact(say.link_type(), Some(capture.link_type.clone())),
            fact(tables.filter(), Some(capture.filter.clone())),
            fact(
                say.snapshot_length(),
                Some(say.lang.bytes(capture.snaplen.into())),
            ),
            fact(
                say.capture_ended(),
                Some(
                    observation::end(tables, run, capture.stop_reason)
                        .0
                        .to_owned(),
                ),
            ),
        ]),
    }
    facts
}

fn provenance(say: Say, run: &RunRecord) -> Facts {
    let (census, tables) = (&run.census, say.tables());
    let by_calls = Provenance::is_told(run.latency.provenance);
    let wire = match run.capture {
        Some(_) => say.by_frames(),
        None if by_calls => say.by_calls(),
        None if run.correlation.flows.is_some() => say.by_file(),
        None => say.by_nothing(),
    };
    let (handshake, answer) = if by_calls {
        (say.connect_is(), say.reply_is())
    } else {
        (say.handshake_is(), say.answer_is())
    };
    [
        (say.tasks_of_client(), say.how(census.client.provenance)),
        (say.tasks_of_server(), say.how(census.server.provenance)),
        (say.tasks_of_system(), say.how(census.system.provenance)),
        (say.of_the_wire(), wire),
        (tables.handshake(), handshake),
        (tables.answer(), answer),
        (say.quantiles(), say.quantiles_are()),
        (say.owners(), say.owners_are()),
        (ABSENT, say.absent_is()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
