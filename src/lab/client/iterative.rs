//! Strategy `iterative`: the main thread makes one request after the other.

use super::Shared;
use crate::model::WorkerId;

pub(super) fn run(shared: Shared) {
    for number in shared.due_numbers() {
        shared.perform(number, WorkerId(0));
    }
}
