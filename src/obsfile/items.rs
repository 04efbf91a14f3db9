//! The items of a packed line: numbers, texts and nulls, taken one by one.

use std::fmt;
use std::net::SocketAddr;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::model::Endpoint;

/// More than any packed line has.
const MOST: usize = 16;

/// One item.
#[derive(Debug)]
enum Item {
    Null,
    Number(i128),
    Text(Box<str>),
}

/// What is wrong with a packed line.
pub(super) type Wrong = String;

/// The items of a line, in order.
#[derive(Debug)]
pub(super) struct Items {
    items: Vec<Item>,
    at: usize,
}

impl Items {
    /// The next item; what is missing at the end is null.
    fn next(&mut self) -> Item {
        let item = self.items.get_mut(self.at);
        self.at += 1;
        item.map_or(Item::Null, |item| std::mem::replace(item, Item::Null))
    }

    fn wrong(&self, wanted: &str) -> Wrong {
        format!("item {} is not {wanted}", self.at)
    }

    /// A number, or null.
    pub fn maybe<T: TryFrom<i128>>(&mut self) -> Result<Option<T>, Wrong> {
        match self.next() {
            Item::Null => Ok(None),
            Item::Number(number) => T::try_from(number)
                .map(Some)
                .map_err(|_| self.wrong("in range")),
            Item::Text(_) => Err(self.wrong("a number or null")),
        }
    }

    /// A number.
    pub fn number<T: TryFrom<i128>>(&mut self) -> Result<T, Wrong> {
        self.maybe()?.ok_or_else(|| self.wrong("a number"))
    }

    /// 0 or 1.
    pub fn flag(&mut self) -> Result<bool, Wrong> {
        match self.number::<u8>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.wrong("0 or 1")),
        }
    }

    /// A text, or null.
    pub fn maybe_text(&mut self) -> Result<Option<Box<str>>, Wrong> {
        match self.next() {
            Item::Null => Ok(None),
            Item::Text(text) => Ok(Some(text)),
            Item::Number(_) => Err(self.wrong("a text or null")),
        }
    }

    /// A text.
    pub fn text(&mut self) -> Result<Box<str>, Wrong> {
        self.maybe_text()?.ok_or_else(|| self.wrong("a text"))
    }

    /// An endpoint or null: a port alone, at this address, or both as a text.
    pub fn maybe_endpoint(
        &mut self,
        address: Option<std::net::IpAddr>,
    ) -> Result<Option<Endpoint>, Wrong> {
        match self.next() {
            Item::Null => Ok(None),
            Item::Number(port) => {
                let port = u16::try_from(port).map_err(|_| self.wrong("a port"))?;
                let ip = address.ok_or_else(|| {
                    format!("item {} is a port, and no target was named", self.at)
                })?;
                Ok(Some(Endpoint::new(ip, port)))
            }
            Item::Text(text) => {
                let address: SocketAddr = text
                    .parse()
                    .map_err(|_| self.wrong("an address and a port"))?;
                // As it was written: an address in a packet is what it is.
                Ok(Some(Endpoint::new(address.ip(), address.port())))
            }
        }
    }

    /// An endpoint.
    pub fn endpoint(&mut self, address: Option<std::net::IpAddr>) -> Result<Endpoint, Wrong> {
        self.maybe_endpoint(address)?
            .ok_or_else(|| self.wrong("an address and a port"))
    }

    /// Nothing is left over.
    pub fn end(&self) -> Result<(), Wrong> {
        if self.items.len() > self.at {
            return Err(format!("there are more than {} items", self.at));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seq;
        impl<'de> Visitor<'de> for Seq {
            type Value = Items;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items, A::Error> {
                let mut items = Vec::with_capacity(MOST);
                while let Some(item) = seq.next_element()? {
                    if items.len() == MOST {
                        return Err(serde::de::Error::custom("there are too many items"));
                    }
                    items.push(item);
                }
                Ok(Items { items, at: 0 })
            }
        }
        deserializer.deserialize_seq(Seq)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, a text or null")
            }

            fn visit_unit<E>(self) -> Result<Item, E> {
                Ok(Item::Null)
            }

            fn visit_i64<E>(self, number: i64) -> Result<Item, E> {
                Ok(Item::Number(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Item, E> {
                Ok(Item::Number(number.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Item, E> {
                Ok(Item::Text(text.into()))
            }
        }
        deserializer.deserialize_any(One)
    }
}
