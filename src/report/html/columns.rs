//! Columns of numbers as bytes that pack well.
//!
//! A row's value is written as its distance to something near: the row before, or
//! another column of the same row; of a time, to whatever is nearest to it as a rule. The distances' bytes are then written plane by
//! plane, all lowest bytes first, so that what is alike stands together and gzip
//! makes little of it. A value that is not there is 0, every other one is at least 1.
//! `page/data.js` is the other half.

use serde::Serialize;

/// What a column's values are distances to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Base {
    /// To nothing.
    Zero,
    /// To the value in the row before.
    Previous,
    /// To that column in the same row.
    #[serde(untagged)]
    Column(&'static str),
}

/// What a reader has to know of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Head {
    name: &'static str,
    base: Base,
    /// Bytes a value; 0 where no row has one.
    width: usize,
}

/// A table's columns, as the page's data names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct TableHead {
    rows: usize,
    columns: Vec<Head>,
}

/// A table under construction.
#[derive(Debug)]
pub(super) struct Table {
    head: TableHead,
    bytes: Vec<u8>,
    /// For each column its values, and where one is not there what it was to be the
    /// distance to.
    filled: Vec<Vec<i64>>,
    /// Which columns are times.
    times: Vec<usize>,
}

/// So many rows tell which column is nearest.
const ASKED: usize = 2_000;

impl Table {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            head: TableHead {
                rows,
                columns: Vec::new(),
            },
            bytes: Vec::new(),
            filled: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Adds a column of times: distances to those of the row before, or to the times in
    /// the column that is nearest.
    pub(super) fn times(&mut self, name: &'static str, values: impl Iterator<Item = Option<i64>>) {
        let values: Vec<Option<i64>> = values.collect();
        let base = self.nearest(&values);
        self.times.push(self.head.columns.len());
        self.column(name, base, values.into_iter());
    }

    /// The base to which the distances of these times have the fewest bits.
    fn nearest(&self, values: &[Option<i64>]) -> Base {
        let step = (values.len() / ASKED).max(1);
        let bits = |near: &dyn Fn(usize) -> i64| -> u64 {
            let asked = values.iter().enumerate().step_by(step);
            let of = |(row, value): (usize, &Option<i64>)| {
                let distance = (*value)?.saturating_sub(near(row));
                Some(u64::from(64 - code(distance).leading_zeros()))
            };
            asked.filter_map(of).sum()
        };
        let before = |row: usize| row.checked_sub(1).and_then(|row| values[row]).unwrap_or(0);
        let mut best = (bits(&before), Base::Previous);
        for &column in &self.times {
            let filled = &self.filled[column];
            let those = bits(&|row| filled[row]);
            if those < best.0 {
                best = (those, Base::Column(self.head.columns[column].name));
            }
        }
        best.1
    }

    /// Adds a column. The column that it is a distance to is there already; each row
    /// has a value or none.
    pub(super) fn column(
        &mut self,
        name: &'static str,
        base: Base,
        values: impl Iterator<Item = Option<i64>>,
    ) {
        let of = match base {
            Base::Column(of) => self.head.columns.iter().position(|c| c.name == of),
            Base::Zero | Base::Previous => None,
        };
        let mut filled: Vec<i64> = Vec::with_capacity(self.head.rows);
        let mut codes: Vec<u64> = Vec::with_capacity(self.head.rows);
        for (row, value) in values.take(self.head.rows).enumerate() {
            let near = match (base, of) {
                (Base::Previous, _) => filled.last().copied().unwrap_or(0),
                (_, Some(of)) => self.filled[of][row],
                (_, None) => 0,
            };
            codes.push(value.map_or(0, |v| code(v.saturating_sub(near))));
            filled.push(value.unwrap_or(near));
        }
        // A column that is too short has no values in the rows that are missing.
        codes.resize(self.head.rows, 0);
        filled.resize(self.head.rows, 0);
        let most = codes.iter().copied().max().unwrap_or(0);
        let width = (64 - most.leading_zeros() as usize).div_ceil(8);
        for plane in 0..width {
            self.bytes
                .extend(codes.iter().map(|code| code.to_le_bytes()[plane]));
        }
        self.head.columns.push(Head { name, base, width });
        self.filled.push(filled);
    }

    /// What a reader has to know, and the bytes.
    pub(super) fn end(self) -> (TableHead, Vec<u8>) {
        (self.head, self.bytes)
    }
}

/// A distance as a number that is small where the distance is, and never 0: 0, -1, 1,
/// -2 become 1, 2, 3, 4.
fn code(distance: i64) -> u64 {
    let zigzag = (distance.cast_unsigned() << 1) ^ (distance >> 63).cast_unsigned();
    zigzag.saturating_add(1)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a table as the page does.
    pub(in crate::report::html) fn read(
        head: &serde_json::Value,
        bytes: &mut &[u8],
    ) -> Vec<(String, Vec<Option<i64>>)> {
        let rows = usize::try_from(head["rows"].as_u64().unwrap()).unwrap();
        let mut columns: Vec<(String, Vec<Option<i64>>)> = Vec::new();
        let mut filled: Vec<Vec<i64>> = Vec::new();
        for column in head["columns"].as_array().unwrap() {
            let width = usize::try_from(column["width"].as_u64().unwrap()).unwrap();
            let (mine, rest) = bytes.split_at(width * rows);
            *bytes = rest;
            let base = column["base"].as_str().unwrap();
            let of = columns.iter().position(|(name, _)| name == base);
            let mut values = Vec::new();
            let mut full: Vec<i64> = Vec::new();
            for row in 0..rows {
                let code = (0..width).fold(0u64, |code, plane| {
                    code | u64::from(mine[plane * rows + row]) << (8 * plane)
                });
                let near = match (base, of) {
                    ("previous", _) => full.last().copied().unwrap_or(0),
                    (_, Some(of)) => filled[of][row],
                    _ => 0,
                };
                let value = (code > 0).then(|| {
                    let zigzag = code - 1;
                    let distance = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
                    near + distance
                });
                full.push(value.unwrap_or(near));
                values.push(value);
            }
            columns.push((column["name"].as_str().unwrap().to_owned(), values));
            filled.push(full);
        }
        columns
    }

    fn there_and_back(columns: &[(&'static str, Base, Vec<Option<i64>>)]) -> Vec<Vec<Option<i64>>> {
        let mut table = Table::new(columns.first().map_or(0, |c| c.2.len()));
        for (name, base, values) in columns {
            table.column(name, *base, values.iter().copied());
        }
        let (head, bytes) = table.end();
        let head = serde_json::to_value(&head).unwrap();
        let mut rest = &bytes[..];
        let read = read(&head, &mut rest);
        assert!(rest.is_empty());
        read.into_iter().map(|(_, values)| values).collect()
    }

    #[test]
    fn what_is_not_there_takes_no_byte_and_is_never_zero() {
        let mut table = Table::new(3);
        table.column("none", Base::Zero, std::iter::repeat(None));
        table.column("zero", Base::Zero, [Some(0), None, Some(0)].into_iter());
        let (head, bytes) = table.end();
        assert_eq!((head.columns[0].width, head.columns[1].width), (0, 1));
        assert_eq!(bytes, [1, 0, 1]);
    }

    #[test]
    fn a_column_that_is_short_has_nothing_in_the_missing_rows() {
        let mut table = Table::new(2);
        table.column("short", Base::Previous, [Some(7)].into_iter());
        assert_eq!(table.end().1, [15, 0]);
    }

    #[test]
    fn a_time_is_a_distance_to_the_nearest_one() {
        let mut table = Table::new(50);
        let at = |row: i64, later: i64| Some(1_000_000 * row * row + later);
        table.times("first", (0..50).map(|row| at(row, 0)));
        table.times("far", (0..50).map(|row| at(row, 77_000)));
        table.times("near", (0..50).map(|row| at(row, 77_020)));
        table.times("beside", (0..50).map(|row| at(row, 3)));
        let (head, _) = table.end();
        let bases: Vec<Base> = head.columns.iter().map(|c| c.base).collect();
        let [first, far] = ["first", "far"].map(Base::Column);
        assert_eq!(bases, [Base::Previous, first, far, first]);
    }

    #[test]
    fn bases_have_names() {
        let names = [Base::Zero, Base::Previous, Base::Column("syn")];
        let json = serde_json::to_string(&names).unwrap();
        assert_eq!(json, r#"["zero","previous","syn"]"#);
    }

    fn column() -> impl Strategy<Value = Vec<Option<i64>>> {
        let far = 1_i64 << 61;
        let value = prop_oneof![-300_i64..300, -far..far];
        prop::collection::vec(prop::option::of(value), 40)
    }

    proptest! {
        #[test]
        fn every_value_comes_back(a in column(), b in column(), c in column()) {
            let columns = [
                ("a", Base::Previous, a),
                ("b", Base::Column("a"), b),
                ("c", Base::Column("b"), c.clone()),
                ("d", Base::Zero, c),
            ];
            let back = there_and_back(&columns);
            for ((_, _, values), back) in columns.iter().zip(back) {
                prop_assert_eq!(values, &back);
            }
        }
    }
}
