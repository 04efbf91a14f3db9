//! Types of other rooms as values of options: their names, and what `--help` says of
//! each. What is added there is on the command line without a word here.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use strum::EnumMessage;

use crate::lang::Lang;
use crate::model::{ServerModel, Strategy};
use crate::report::{Evidence, Format};

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.help()))
    }
}

impl ValueEnum for Strategy {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(documentation(self)))
    }
}

impl ValueEnum for Evidence {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let name: &'static str = self.into();
        Some(PossibleValue::new(name).help(documentation(self)))
    }
}

impl ValueEnum for Lang {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(documentation(self)))
    }
}

impl ValueEnum for ServerModel {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(documentation(self)))
    }
}

/// What the source says of a variant, as a help text: without a full stop.
fn documentation(one: &impl EnumMessage) -> &'static str {
    one.get_documentation()
        .map_or("", |text| text.trim_end_matches('.'))
}
