//! What people and spreadsheets read of ceilings.

use crate::lang::Lang;
use crate::model::{CeilingRecord, StoppedBy};
use crate::report::{Format, Style, write_ceiling};

/// Real searches: one that was tried under limits, one that was predicted.
fn records() -> Vec<CeilingRecord> {
    let text = include_str!("../../../tests/schemas/ceilings.json");
    serde_json::from_str(text).unwrap()
}

fn text(record: &CeilingRecord, format: Format) -> String {
    let mut out = Vec::new();
    write_ceiling(record, format, Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_terminal_shows_what_was_reached_and_why() {
    insta::assert_snapshot!(text(&records()[0], Format::Table));
}

#[test]
fn a_terminal_shows_it_in_indonesian() {
    for width in [80, 120] {
        let style = Style {
            width,
            lang: Lang::Id,
            ..Style::default()
        };
        let mut out = Vec::new();
        write_ceiling(&records()[0], Format::Table, style, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let wide = |line: &&str| crate::report::layout::width(line) > width;
        assert_eq!(text.lines().find(wide), None);
        insta::assert_snapshot!(format!("ceiling_{width}_id"), text);
    }
}

#[test]
fn a_network_of_its_own_is_told() {
    let mut record = records()[0].clone();
    let says = " · in a network of its own";
    assert!(!text(&record, Format::Markdown).contains(says));
    record.isolated = true;
    assert!(text(&record, Format::Markdown).contains(says));
}

#[test]
fn a_page_shows_what_was_predicted() {
    insta::assert_snapshot!(text(&records()[1], Format::Markdown));
}

/// Spreadsheets and scripts know the columns by name and place.
#[test]
fn a_spreadsheet_has_its_header_without_limits() {
    let mut record = records()[0].clone();
    record.kinds.clear();
    assert_eq!(
        text(&record, Format::Csv),
        "kind,very_end,predicted,goal,reached,stopped_by,errno,left_behind,binds,\
         name,scope,path,value,in_use,each,allows,estimated\n"
    );
}

#[test]
fn a_spreadsheet_has_a_limit_a_row() {
    insta::assert_snapshot!(text(&records()[0], Format::Csv));
}

/// What ended otherwise than by itself is told in words, and what was left
/// is not hidden.
#[test]
fn bad_ends_are_told() {
    let mut record = records()[0].clone();
    record.kinds[0].stopped_by = Some(StoppedBy::Oom);
    record.kinds[1].stopped_by = Some(StoppedBy::Killed);
    record.kinds[1].binding = None;
    record.kinds[2].left_behind = Some(3);
    let text = text(&record, Format::Table);
    for word in ["out of memory", "killed", "not known", "  3\n"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
