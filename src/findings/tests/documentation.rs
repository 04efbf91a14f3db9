//! `docs/findings.md`, and its sister in each other language, are made of what the
//! rules and the files of the languages say.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::findings::{PageWords, Topic, Words};
use crate::lang::Lang;

/// Set: the pages are written anew instead of compared.
const WRITE: &str = "THREADTAP_WRITE_FINDINGS";

const MADE_OF: &str = "<!-- Made from src/findings by `THREADTAP_WRITE_FINDINGS=1 cargo test --lib \
findings`. Do not edit this page. -->";

/// The port in the display filters of the page: the lab's.
const PORT: u16 = 45_000;

/// What a page says beside the codes.
struct Page {
    file: &'static str,
    head: &'static str,
    columns: [&'static str; 3],
    /// Above the codes of comparisons.
    compared: &'static str,
    holds: [&'static str; 2],
}

const ENGLISH: Page = Page {
    file: "docs/findings.md",
    head: "\
# Findings

A finding is a conclusion that threadtap draws from a run. `run.json` holds them in
`findings`, each with a code, a severity, a message and its evidence. The worst come
first. `threadtap explain CODE` prints what stands here ([in Indonesian](findings.id.md),
too).

| severity | means |
| --- | --- |
| error | something that was asked for did not happen, or a figure cannot be trusted |
| warning | the figures are right, but something was not as you would want it |
| info | good to know |

A code keeps its meaning in later versions, and later versions may have more codes. The
display filters are Wireshark's, for a server on port 45000.

",
    columns: ["code", "severity", "what happened"],
    compared: "\
A comparison (`compare.json`) may have `interrupted`, `no_connection`, `time_limit` and
`isolated_outside` of these, and a few codes of its own:",
    holds: ["evidence", "holds"],
};

const INDONESIAN: Page = Page {
    file: "docs/findings.id.md",
    head: "\
# Temuan

Temuan (*finding*) adalah kesimpulan yang ditarik threadtap dari sebuah run. `run.json`
menyimpannya dalam `findings`, masing-masing dengan kode, tingkat, pesan, dan buktinya.
Yang terburuk disebut lebih dulu. `threadtap explain KODE --lang id` mencetak apa yang ada
di sini ([dalam bahasa Inggris](findings.md) juga).

| tingkat | artinya |
| --- | --- |
| error | sesuatu yang diminta tidak terjadi, atau sebuah angka tidak dapat dipercaya |
| warning | angkanya benar, tetapi ada yang tidak seperti yang diinginkan |
| info | baik untuk diketahui |

Arti sebuah kode tidak berubah di versi berikutnya, dan versi berikutnya dapat mempunyai
lebih banyak kode. Display filter di sini adalah milik Wireshark, untuk server di port
45000.

",
    columns: ["kode", "tingkat", "apa yang terjadi"],
    compared: "\
Sebuah perbandingan (`compare.json`) dapat memuat `interrupted`, `no_connection`, `time_limit`,
dan `isolated_outside` dari yang di atas, dan beberapa kode miliknya sendiri:",
    holds: ["bukti", "isinya"],
};

const fn page_of(lang: Lang) -> &'static Page {
    match lang {
        Lang::En => &ENGLISH,
        Lang::Id => &INDONESIAN,
    }
}

fn page(lang: Lang) -> String {
    let said = page_of(lang);
    let around = PageWords::of(lang);
    let mut page = format!("{MADE_OF}\n{}", said.head);
    let head = format!("| {} |\n| --- | --- | --- |\n", said.columns.join(" | "));
    let (runs, compared): (Vec<Topic>, Vec<Topic>) =
        Topic::all().partition(|topic| matches!(topic, Topic::Run(_)));
    let table = |page: &mut String, topics: &[Topic]| {
        page.push_str(&head);
        for topic in topics {
            let (code, severities) = (topic.name(), topic.told_severities(&around));
            let title = topic.words(lang).title;
            let _ = writeln!(page, "| [`{code}`](#{code}) | {severities} | {title} |");
        }
    };
    table(&mut page, &runs);
    let _ = write!(page, "\n{}\n\n", said.compared);
    table(&mut page, &compared);
    for topic in Topic::all() {
        let Words {
            title,
            means,
            look_at,
            to_do,
            evidence,
        } = topic.words(lang);
        let code = topic.name();
        let severities = topic.told_severities(&around);
        let _ = write!(
            page,
            "\n## {code}\n\n**{title}** ({severities}). {means}\n\n*{}:* {look_at}\n\n",
            around.look_at,
        );
        if let Some(filter) = topic.display_filter(PORT) {
            let _ = write!(page, "*{}:* `{filter}`\n\n", around.wireshark);
        }
        let _ = writeln!(page, "*{}:* {to_do}", around.to_do);
        if !evidence.is_empty() {
            let [name, holds] = said.holds;
            let _ = write!(page, "\n| {name} | {holds} |\n| --- | --- |\n");
        }
        for (name, holds) in evidence {
            let _ = writeln!(page, "| `{name}` | {holds} |");
        }
    }
    page
}

#[test]
fn the_pages_are_up_to_date() {
    for lang in Lang::ALL {
        let file = page_of(*lang).file;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let page = page(*lang);
        if std::env::var_os(WRITE).is_some() {
            fs::write(&path, &page).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "{file} is not what src/findings says. Write it anew with\n    \
             {WRITE}=1 cargo test --lib findings"
        );
    }
}

/// The words are whole sentences, and a table's cells are cells.
#[test]
fn every_code_is_documented() {
    for topic in Topic::all() {
        let words = topic.words(Lang::En);
        let code = topic.name();
        for text in [&words.means, &words.look_at, &words.to_do] {
            let whole = text.ends_with(['.', '?']) && !text.contains("  ");
            assert!(whole, "{code}: {text}");
        }
        assert!(
            !words.title.is_empty() && !words.title.ends_with('.'),
            "{code}"
        );
        assert!(!topic.severities().is_empty(), "{code}");
        let cells = words.evidence.iter().map(|(_, holds)| holds);
        for cell in cells.chain([&words.title]) {
            assert!(!cell.contains(['|', '\n']), "{code}: {cell}");
        }
    }
}
