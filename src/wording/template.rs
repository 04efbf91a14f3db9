//! A text with gaps, as a translator writes it.
//!
//! ```text
//! {name}                 what fills the gap
//! {n:thread|threads}     the form of a word that stands with the number n
//! {name?this|that}       the first where the gap is filled, else the second (or nothing)
//! {names*, }             each of several, with `, ` between them
//! {{ }}                  braces
//! ```
//!
//! Forms and alternatives may have gaps themselves.

/// A text with gaps.
pub(super) type Template = Vec<Part>;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// As it stands there.
    Text(String),
    /// What fills the gap of this name.
    Gap(String),
    /// One of these, by the number of this name.
    Forms(String, Vec<Template>),
    /// The first where the gap of this name is filled, else the second.
    If(String, Template, Template),
    /// All that fill the gap of this name, with this between them.
    Each(String, String),
}

/// The text read; `None` where a gap does not end, or has no name.
pub(super) fn parse(text: &str) -> Option<Template> {
    let mut rest = text;
    let template = part(&mut rest, false)?;
    rest.is_empty().then_some(template)
}

/// Reads up to the end, or within a gap up to the bar or the brace that ends this part.
fn part(rest: &mut &str, within: bool) -> Option<Template> {
    let mut parts = Template::new();
    let mut text = String::new();
    while let Some(c) = rest.chars().next() {
        if within && matches!(c, '|' | '}') {
            break;
        }
        *rest = &rest[c.len_utf8()..];
        let doubled = rest.starts_with(c) && matches!(c, '{' | '}');
        if doubled {
            *rest = &rest[1..];
        }
        match c {
            '{' if !doubled => {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(gap(rest)?);
            }
            '}' if !doubled => return None,
            c => text.push(c),
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Some(parts)
}

/// A gap, behind its brace.
fn gap(rest: &mut &str) -> Option<Part> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let end = rest.find(|c| !is_name(c)).filter(|end| *end > 0)?;
    let name = rest[..end].to_owned();
    let kind = rest[end..].chars().next()?;
    *rest = &rest[end + kind.len_utf8()..];
    match kind {
        '}' => Some(Part::Gap(name)),
        ':' => Some(Part::Forms(name, alternatives(rest)?)),
        '?' => {
            let mut all = alternatives(rest)?.into_iter();
            let (then, otherwise) = (all.next()?, all.next().unwrap_or_default());
            all.next()
                .is_none()
                .then_some(Part::If(name, then, otherwise))
        }
        '*' => {
            let (between, after) = rest.split_once('}')?;
            *rest = after;
            Some(Part::Each(name, between.to_owned()))
        }
        _ => None,
    }
}

/// What stands between bars, up to the brace that ends the gap.
fn alternatives(rest: &mut &str) -> Option<Vec<Template>> {
    let mut all = Vec::new();
    loop {
        all.push(part(rest, true)?);
        let end = rest.chars().next()?;
        *rest = &rest[1..];
        if end == '}' {
            return Some(all);
        }
    }
}

/// The names of the gaps of a text.
#[cfg(test)]
pub(super) fn gaps(template: &[Part]) -> std::collections::BTreeSet<&str> {
    let mut names = std::collections::BTreeSet::new();
    for part in template {
        match part {
            Part::Text(_) => {}
            Part::Gap(name) | Part::Each(name, _) => {
                names.insert(name.as_str());
            }
            Part::Forms(name, forms) => {
                names.insert(name.as_str());
                names.extend(forms.iter().flat_map(|form| gaps(form)));
            }
            Part::If(name, then, otherwise) => {
                names.insert(name.as_str());
                names.extend(gaps(then));
                names.extend(gaps(otherwise));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn gap(name: &str) -> Part {
        Part::Gap(name.to_owned())
    }

    #[test]
    fn gaps_are_read() {
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("a | b").unwrap(), [text("a | b")]);
        assert_eq!(
            parse("a {b}{c} d").unwrap(),
            [text("a "), gap("b"), gap("c"), text(" d")]
        );
        assert_eq!(
            parse("{n} {n:was|were {m}}.").unwrap(),
            [
                gap("n"),
                text(" "),
                Part::Forms(
                    "n".into(),
                    vec![vec![text("was")], vec![text("were "), gap("m")]]
                ),
                text("."),
            ]
        );
        assert_eq!(
            parse("a{b? ({b})}{c?|d}").unwrap(),
            [
                text("a"),
                Part::If("b".into(), vec![text(" ("), gap("b"), text(")")], vec![]),
                Part::If("c".into(), vec![], vec![text("d")]),
            ]
        );
        assert_eq!(
            parse("{parts*; }").unwrap(),
            [Part::Each("parts".into(), "; ".into())]
        );
        assert_eq!(parse("{{host}} é}}").unwrap(), [text("{host} é}")]);
    }

    #[test]
    fn what_is_no_text_with_gaps_is_refused() {
        for wrong in [
            "{",
            "{}",
            "{a",
            "}",
            "a}b",
            "{A}",
            "{a:b",
            "{a?b|c|d}",
            "{a?b",
            "{a*b",
            "{a!b}",
            "{é}",
            "{a:{b}",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
