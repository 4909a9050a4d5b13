//! Draws the spans of one trace as bars in a terminal.
//!
//! ```text
//! pull                   21.4 ms  ====================================
//!   identity              8.0 ms   =============
//!     GET 169.254.169.254 1.2 ms   ==
//!   exchange             12.1 ms                 ====================
//!     error: artifactory answered 401
//!     hint: ...
//! ```
//!
//! # Layout
//!
//! - `tree`: spans in the order in which they are read
//! - `text`: what fits into a line
//!
//! # Why a crate of its own
//!
//! The provider draws the pulls that it remembers, and the conformance suite draws those of any provider. The suite imports
//! nothing from the provider, so that what both draw with stands beside them.

mod text;
mod tree;

use std::time::Duration;

/// Columns of a time and the two blanks on both of its sides.
const TIME: usize = 12;

/// A bar of fewer columns shows nothing, and is left out.
const SHORTEST_BAR: usize = 8;

/// Names take this share of the width at most: two fifths.
const NAMES: (usize, usize) = (2, 5);

/// The narrowest that anything is drawn for.
const NARROWEST: usize = 20;

/// A piece of work that began and ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its own id, unique in the trace.
    pub id: u64,
    /// The id of the span that it is part of. One that is not in the trace counts as none.
    pub parent: Option<u64>,
    /// What is done.
    pub name: String,
    /// When it began, on the trace's own clock.
    pub start: Duration,
    /// When it ended; never before it began.
    pub end: Duration,
    /// What came of it.
    pub outcome: Outcome,
    /// What is worth saying, a line each, such as an error and its hint.
    pub notes: Vec<String>,
}

/// What came of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was to do.
    Done,
    /// It did not.
    Failed,
}

/// What a span is called: a request by whom it asks what, and how that was answered; any other by its name.
///
/// The attributes are those of OpenTelemetry's semantic conventions, "HTTP spans".
#[must_use]
pub fn label(name: &str, attribute: impl Fn(&str) -> Option<String>) -> String {
    let Some(method) = attribute("http.request.method") else { return name.to_owned() };
    let place = [attribute("server.address"), attribute("url.path")].into_iter().flatten().collect::<String>();
    let answer = attribute("http.response.status_code").or_else(|| attribute("error.type"));
    let answer = answer.map(|answer| format!("({answer})")).unwrap_or_default();
    [method, place, answer].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What is worth saying of a failure: the words of OpenTelemetry's exception event, its causes and the remedy.
pub fn notes(attribute: impl Fn(&str) -> Option<String>) -> Vec<String> {
    [("error", "exception.message"), ("caused by", "credential_provider.causes"), ("hint", "credential_provider.hint")]
        .into_iter()
        .filter_map(|(word, key)| Some(format!("{word}: {}", attribute(key).filter(|text| !text.is_empty())?)))
        .collect()
}

/// What is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canvas {
    /// ASCII alone, for files and pipes.
    Plain {
        /// Columns.
        width: usize,
    },
    /// Blocks and the terminal's own colours: ECMA-48, "Select Graphic Rendition".
    Terminal {
        /// Columns.
        width: usize,
    },
}

/// Where the columns are.
struct Columns {
    names: usize,
    bar: Option<usize>,
    start: Duration,
    length: Duration,
}

/// Draws a trace, a line for each span and for each note. No line is wider than the canvas.
#[must_use]
pub fn draw(spans: &[Span], canvas: Canvas) -> String {
    let rows = tree::rows(spans);
    let columns = Columns::of(&rows, canvas.width());
    let mut lines = Vec::new();
    for (depth, span) in rows {
        let (name, time) = (text::indented(depth, &span.name), time(span.end.saturating_sub(span.start)));
        let (name, time) = (text::cut(&name, columns.names), format!("{time:>9}"));
        let bar = columns.bar.map(|width| columns.bar_of(span, width, canvas)).unwrap_or_default();
        let line = format!("{name:<width$} {time}  {bar}", width = columns.names);
        lines.push(canvas.painted(line.trim_end(), span.outcome));
        let indent = 2 * (depth + 1);
        for note in &span.notes {
            lines.extend(text::wrapped(note, indent.min(canvas.width() / 2), canvas.width()));
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

impl Columns {
    fn of(rows: &[(usize, &Span)], width: usize) -> Self {
        let longest = rows.iter().map(|(depth, span)| 2 * depth + text::printable(&span.name).chars().count()).max();
        let (share, of) = NAMES;
        let names = longest.unwrap_or_default().min(width * share / of);
        let bar = width.checked_sub(names + TIME).filter(|bar| *bar >= SHORTEST_BAR);
        let names = if bar.is_some() { names } else { width - TIME };
        let start = rows.iter().map(|(_, span)| span.start).min().unwrap_or_default();
        let end = rows.iter().map(|(_, span)| span.end).max().unwrap_or_default();
        Self { names, bar, start, length: end.saturating_sub(start) }
    }

    /// The bar of a span, one column long at least.
    fn bar_of(&self, span: &Span, width: usize, canvas: Canvas) -> String {
        let column = |at: Duration| {
            let share = at.saturating_sub(self.start).as_secs_f64() / self.length.as_secs_f64().max(f64::MIN_POSITIVE);
            #[expect(clippy::cast_precision_loss, reason = "no terminal has 2^52 columns")]
            let exact = share.clamp(0.0, 1.0) * width as f64;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the width")]
            let rounded = exact.round() as usize;
            rounded
        };
        let from = column(span.start).min(width - 1);
        let to = column(span.end).clamp(from + 1, width);
        format!("{}{}", " ".repeat(from), canvas.block().repeat(to - from))
    }
}

impl Canvas {
    fn width(self) -> usize {
        let (Self::Plain { width } | Self::Terminal { width }) = self;
        width.max(NARROWEST)
    }

    const fn block(self) -> &'static str {
        match self {
            Self::Plain { .. } => "=",
            Self::Terminal { .. } => "\u{2588}",
        }
    }

    fn painted(self, line: &str, outcome: Outcome) -> String {
        match (self, outcome) {
            (Self::Terminal { .. }, Outcome::Failed) => format!("\u{1b}[1;31m{line}\u{1b}[0m"),
            _ => line.to_owned(),
        }
    }
}

/// A length of time in at most nine columns, up to a day.
fn time(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(id: u64, parent: Option<u64>, name: &str, [start, end]: [u64; 2]) -> Span {
        let [start, end] = [start, end].map(Duration::from_micros);
        Span { id, parent, name: name.to_owned(), start, end, outcome: Outcome::Done, notes: Vec::new() }
    }

    fn pull() -> Vec<Span> {
        let refused = Span {
            outcome: Outcome::Failed,
            notes: vec!["error: `acme.jfrog.io` answered 401".to_owned(), "hint: compare the claims".to_owned()],
            ..span(4, Some(1), "exchange", [20_000, 40_000])
        };
        vec![
            refused,
            span(3, Some(2), "PUT 169.254.169.254", [0, 5_000]),
            span(1, None, "pull", [0, 40_000]),
            span(2, Some(1), "identity", [0, 20_000]),
        ]
    }

    #[test]
    fn bars_are_to_scale_below_their_parents() {
        let expected = "\
pull                      40.0 ms  ========================================
  identity                20.0 ms  ====================
    PUT 169.254.169.254    5.0 ms  =====
  exchange                20.0 ms                      ====================
    error: `acme.jfrog.io` answered 401
    hint: compare the claims
";
        assert_eq!(draw(&pull(), Canvas::Plain { width: 75 }), expected);
    }

    #[test]
    fn a_narrow_canvas_has_no_bars_and_cuts_names() {
        let expected = "\
pull                40.0 ms
  identity          20.0 ms
    PUT 169~9.254    5.0 ms
  exchange          20.0 ms
    error: `acme.jfrog.io`
    answered 401
    hint: compare the claims
";
        assert_eq!(draw(&pull(), Canvas::Plain { width: 29 }), expected);
    }

    #[test]
    fn a_request_is_called_by_whom_it_asks_and_a_failure_has_its_remedy() {
        let of = |pairs: &'static [(&str, &str)]| {
            move |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
        };
        let request = of(&[
            ("http.request.method", "PUT"),
            ("server.address", "169.254.169.254"),
            ("url.path", "/latest/api/token"),
            ("http.response.status_code", "200"),
        ]);
        assert_eq!(label("PUT", request), "PUT 169.254.169.254/latest/api/token (200)");
        assert_eq!(label("PUT", of(&[("http.request.method", "PUT"), ("error.type", "timeout")])), "PUT (timeout)");
        assert_eq!(label("exchange", of(&[("error.type", "exchange")])), "exchange");
        let failure =
            of(&[("exception.message", "no"), ("credential_provider.hint", "do"), ("credential_provider.causes", "")]);
        assert_eq!(notes(failure), ["error: no", "hint: do"]);
    }

    #[test]
    fn a_terminal_shows_failures_in_red() {
        let drawn = draw(&pull(), Canvas::Terminal { width: 75 });
        let red: Vec<_> = drawn.lines().filter(|line| line.starts_with("\u{1b}[1;31m")).collect();
        assert_eq!(red.len(), 1);
        assert!(red[0].contains("exchange") && red[0].contains('\u{2588}') && red[0].ends_with("\u{1b}[0m"));
    }

    #[test]
    fn a_trace_without_length_or_spans_is_drawn() {
        assert_eq!(draw(&[], Canvas::Plain { width: 80 }), "");
        let drawn = draw(&[span(1, None, "pull", [7, 7])], Canvas::Plain { width: 80 });
        assert_eq!(drawn, "pull    0.0 ms  =\n");
    }

    proptest! {
        #[test]
        fn every_span_has_one_line_and_no_line_is_wider_than_the_canvas(
            ids in proptest::collection::vec((0_u64..8, proptest::option::of(0_u64..8), ".{0,30}", 0_u64..5000, 0_u64..5000), 0..8),
            note in ".{0,80}",
            width in 0_usize..120,
        ) {
            let mut spans: Vec<_> = ids.into_iter().map(|(id, parent, name, start, length)| {
                span(id, parent, &format!("|{name}"), [start, start + length])
            }).collect();
            spans.sort_by_key(|span| span.id);
            spans.dedup_by_key(|span| span.id);
            if let Some(first) = spans.first_mut() {
                first.notes.push(note);
            }
            let drawn = draw(&spans, Canvas::Plain { width });
            prop_assert!(drawn.lines().all(|line| line.chars().count() <= width.max(NARROWEST)), "{}", drawn);
            prop_assert!(drawn.lines().all(|line| !line.chars().any(char::is_control)));
            let lines = drawn.lines().filter(|line| line.contains(" ms") && line.trim_start().starts_with(['|', '~'])).count();
            prop_assert!(lines >= spans.len(), "{} of {}: {}", lines, spans.len(), drawn);
        }
    }
}
