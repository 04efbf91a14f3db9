//! `docs/findings.md` is made of what the rules say of themselves.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::findings::{About, Code};
use crate::model::Severity;

/// Set: the page is written anew instead of compared.
const WRITE: &str = "THREADTAP_WRITE_FINDINGS";

const HEAD: &str =
    "<!-- Made from src/findings/rules by `THREADTAP_WRITE_FINDINGS=1 cargo test --lib \
findings`. Do not edit this page. -->
# Findings

A finding is a conclusion that threadtap draws from a run. `run.json` holds them in
`findings`, each with a code, a severity, a message and its evidence. The worst come
first.

| severity | means |
| --- | --- |
| error | something that was asked for did not happen, or a figure cannot be trusted |
| warning | the figures are right, but something was not as you would want it |
| info | good to know |

A code keeps its meaning in later versions, and later versions may have more codes. A
comparison (`compare.json`) has a few codes of its own, which its messages explain.

";

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| code | severity | what happened |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let About { title, .. } = code.about();
        let _ = writeln!(
            page,
            "| [`{code}`](#{code}) | {} | {title} |",
            severities(*code)
        );
    }
    for code in Code::ALL {
        let About {
            title,
            means,
            look_at,
            to_do,
            evidence,
            ..
        } = code.about();
        let _ = write!(
            page,
            "\n## {code}\n\n**{title}** ({}). {means}\n\n\
             *What to look at:* {look_at}\n\n*What to do:* {to_do}\n",
            severities(*code)
        );
        if !evidence.is_empty() {
            page.push_str("\n| evidence | holds |\n| --- | --- |\n");
        }
        for (name, holds) in *evidence {
            let _ = writeln!(page, "| `{name}` | {holds} |");
        }
    }
    page
}

fn severities(code: Code) -> String {
    let names = code
        .about()
        .severities
        .iter()
        .map(|severity| match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        });
    names.collect::<Vec<_>>().join(" or ")
}

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
    let page = page();
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/findings.md is not what the rules say. Write it anew with\n    \
         {WRITE}=1 cargo test --lib findings"
    );
}

/// The words are whole sentences, and a table's cells are cells.
#[test]
fn every_rule_is_documented() {
    for code in Code::ALL {
        let about = code.about();
        for text in [about.means, about.look_at, about.to_do] {
            let whole = text.ends_with(['.', '?']) && !text.contains("  ");
            assert!(whole, "{code}: {text}");
        }
        assert!(
            !about.title.is_empty() && !about.title.ends_with('.'),
            "{code}"
        );
        assert!(!about.severities.is_empty(), "{code}");
        let cells = about.evidence.iter().map(|(_, holds)| holds);
        for cell in cells.chain([&about.title]) {
            assert!(!cell.contains(['|', '\n']), "{code}: {cell}");
        }
    }
}
