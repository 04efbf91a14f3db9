//! Any bytes as a capture, all the way to a summary, a ladder and a table.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threadtap::analysis::{Analyzer, Ladder, Tally};
use threadtap::capfile::CaptureReader;
use threadtap::flow::FlowConfig;
use threadtap::model::{FlowId, FlowRecord};
use threadtap::report::{AnalysisView, FlowOf, Format, Style, write_analysis, write_ladder};

fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) = CaptureReader::open(data) else {
        return;
    };
    let mut analyzer = Analyzer::new(
        FlowConfig::default(),
        None,
        Some(Ladder::of(FlowId(0))),
    );
    let mut tally = Tally::default();
    let mut flows: Vec<FlowRecord> = Vec::new();
    let mut take = |flow: FlowRecord| {
        tally.flow(&flow);
        flows.push(flow);
    };
    while let Ok(Some(frame)) = reader.next() {
        analyzer.frame(&frame, &mut take);
    }
    let timeline = analyzer.finish(&mut take);
    tally.timeline(&timeline);
    let summary = tally.summary(Vec::new(), false, None);
    let of: Vec<FlowOf<'_>> = flows.iter().map(|flow| FlowOf { file: None, flow }).collect();
    let view = AnalysisView { summary: &summary, flows: &of, sorted: None };
    let mut out = Vec::new();
    write_analysis(view, Format::Table, Style::default(), &mut out).unwrap();
    if let (Some(flow), Some(ladder)) = (flows.iter().find(|f| f.flow == FlowId(0)), &timeline.ladder) {
        write_ladder(flow, ladder, Format::Table, Style::default(), &mut out).unwrap();
    }
    let text = String::from_utf8(out).unwrap();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
});
