//! The flows of a table at work: what the steps of a
//! [`FlowIndex`](super::index::FlowIndex) do.

use crate::model::{FlowRecord, Shapes};

use super::budget::Budget;
use super::index::Step;
use super::part::Part;
use super::pieces::Pieces;
use super::quiet::Held;

/// The flows, at the places where their index has them.
#[derive(Debug)]
pub(crate) struct Flows {
    time_port: Option<u16>,
    places: Pieces<Held>,
    budget: Budget,
    shapes: Shapes,
}

impl Flows {
    pub(super) fn new(time_port: Option<u16>) -> Self {
        Self {
            time_port,
            places: Pieces::new(),
            budget: Budget::default(),
            shapes: Shapes::default(),
        }
    }

    /// No flow comes any more.
    pub(super) const fn end(&mut self) {
        self.places.end();
    }

    /// Does the next step with the flow at a place. `s` is the segment, where the step
    /// takes one.
    #[inline]
    pub(super) fn step(
        &mut self,
        place: u32,
        step: Step,
        s: &Part<'_>,
        emit: &mut impl FnMut(FlowRecord),
    ) {
        let Self {
            time_port,
            places,
            budget,
            shapes,
        } = self;
        match step {
            Step::Take(from) => {
                if let Some(flow) = places.get_mut(place) {
                    flow.take(s, from, *time_port, budget);
                }
            }
            Step::Begin(begun) => places.put(place, Held::new(begun, s, *time_port, budget)),
            Step::Close => {
                if let Some(flow) = places.get_mut(place) {
                    flow.release(budget);
                }
            }
            Step::HandOn(early) => {
                if let Some(mut flow) = places.take(place) {
                    emit(flow.record(early, *time_port, shapes, budget));
                }
            }
        }
    }
}
