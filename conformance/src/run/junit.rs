//! The same results for build servers: the XML of `JUnit`, one suite an area.
//!
//! There is no standard; the shape is the common part of what readers take:
//! <https://github.com/testmoapp/junitxml>.

use std::fmt::Write as _;

use super::report::{CaseResult, Report};
use super::status::Status;

/// Writes a report.
pub(super) fn junit(report: &Report) -> String {
    let results = &report.results;
    let name = escaped(&report.plugin.title);
    let mut xml =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\"{}>\n", counts(results));
    for area in results.chunk_by(|a, b| a.area == b.area) {
        let name = escaped(&area[0].area);
        let _ = writeln!(xml, "  <testsuite name=\"{name}\"{}>", counts(area));
        for result in area {
            case(&mut xml, result);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn counts(results: &[CaseResult]) -> String {
    let of = |wanted: &[Status]| results.iter().filter(|result| wanted.contains(&result.status)).count();
    let seconds = results.iter().map(|result| result.took_ms).sum::<f64>() / 1000.0;
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\"",
        results.len(),
        of(&[Status::Fail]),
        of(&[Status::Error]),
        of(&[Status::Skip, Status::Disabled]),
    )
}

fn case(xml: &mut String, result: &CaseResult) {
    let name = result.id.split_once('/').map_or(result.id.as_str(), |(_area, name)| name);
    let (area, name, seconds) = (escaped(&result.area), escaped(name), result.took_ms / 1000.0);
    let _ = write!(xml, "    <testcase classname=\"{area}\" name=\"{name}\" time=\"{seconds:.3}\"");
    let words = escaped(&result.reasons.join("\n"));
    let first = escaped(result.reasons.first().map(String::as_str).unwrap_or_default());
    let _ = match result.status {
        Status::Pass => writeln!(xml, "/>"),
        Status::Skip | Status::Disabled => writeln!(xml, "><skipped message=\"{first}\"/></testcase>"),
        Status::Fail => writeln!(xml, "><failure message=\"{first}\">{words}</failure></testcase>"),
        Status::Error => writeln!(xml, "><error message=\"{first}\">{words}</error></testcase>"),
    };
}

/// XML 1.0, section 2.4; what no XML document may hold (section 2.2) is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' | ' '..='\u{fffd}' | '\u{10000}'.. => escaped.push(character),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_replaced() {
        assert_eq!(escaped("a<b>&\"c\"\n\u{1b}[31m"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;\u{fffd}[31m");
    }
}
