//! Enums whose variants have names that other programs rely on.
//!
//! A name stands in one place: strum derives it from the variant, or the variant
//! says it. `named!` makes `ALL` and `name` of that, `serialised!` also how it is
//! written and read, and what the schemas say of it.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

/// `ALL` and `name` for an enum that derives `VariantArray` and `VariantNames`, and
/// whose variants have no numbers of their own.
macro_rules! named {
    ($name:ident) => {
        impl $name {
            /// Every one, in the order in which they are told.
            pub const ALL: [Self; <Self as strum::VariantArray>::VARIANTS.len()] =
                *<Self as strum::VariantArray>::VARIANTS
                    .first_chunk()
                    .expect("as many as there are");

            /// Its name, for programs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                <Self as strum::VariantNames>::VARIANTS[self as usize]
            }
        }
    };
}

/// What `named!` makes, and JSON that is the name.
macro_rules! serialised {
    ($name:ident) => {
        $crate::model::named::named!($name);

        impl $name {
            /// The one of this name; `None` for a name that a later version wrote.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.name() == name)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const NAMES: &[&str] = <$name as strum::VariantNames>::VARIANTS;
                $crate::model::named::read(deserializer, Self::from_name, NAMES)
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "enum": Self::ALL})
            }
        }
    };
}

pub(crate) use {named, serialised};

/// Reads a name.
pub(crate) fn read<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    from_name: fn(&str) -> Option<T>,
    names: &'static [&'static str],
) -> Result<T, D::Error> {
    struct Name<T>(fn(&str) -> Option<T>, &'static [&'static str]);

    impl<T> Visitor<'_> for Name<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "one of {}", self.1.join(", "))
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
            (self.0)(name).ok_or_else(|| E::unknown_variant(name, self.1))
        }
    }

    deserializer.deserialize_str(Name(from_name, names))
}
