//! Any facts at all, as a damaged or forged log may hold them: no panic.

use proptest::prelude::*;

use super::story::Story;
use crate::assemble::assemble;
use crate::model::observation::Observation;
use crate::model::observation::arbitrary::{facts, header};

proptest! {
    #[test]
    fn any_facts_make_a_record(header in header(), facts in facts(0..80)) {
        let mut observation = Observation::new(header);
        for fact in facts {
            observation.add(fact);
        }
        let mut story = Story::traced_pair();
        story.flow(50_000, 10, Some(14));
        for flows in [story.flows, Vec::new()] {
            let told = assemble(&observation, flows);
            prop_assert!(serde_json::to_string(&told.run).is_ok());
            prop_assert_eq!(told.run.schema, "threadtap.run/1");
            let requests = told.run.requests;
            prop_assert_eq!(requests.failed_total, requests.sum_of_failures());
        }
    }
}
