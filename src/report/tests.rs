//! What the formats look like, and what no report may ever do.

use super::fixture::Fixture;
use super::{Format, RunView, Style, write_run};

fn text(view: RunView<'_>, format: Format, style: Style) -> String {
    let mut out = Vec::new();
    write_run(view, format, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn show() {
    let mut f = Fixture::normal(1000);
    println!("{}", text(f.view(), Format::Table, Style::default()));
    println!(
        "{}",
        text(
            f.view(),
            Format::Table,
            Style {
                width: 120,
                ..Style::default()
            }
        )
    );
    f.unanswered(1);
    f.refused(2);
    f.retried(3);
    f.bad_answer(4, "HELLO | \u{1b}[31m world");
    println!(
        "{}",
        text(
            f.view(),
            Format::Table,
            Style {
                width: 80,
                colour: true,
                rows: 6
            }
        )
    );
    println!(
        "{}",
        text(
            f.view(),
            Format::Markdown,
            Style {
                width: 80,
                colour: true,
                rows: 6
            }
        )
    );
    println!(
        "{}",
        text(
            f.without_capture().view(),
            Format::Table,
            Style {
                width: 80,
                colour: false,
                rows: 6
            }
        )
    );
}
