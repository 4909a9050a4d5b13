//! The demo as a table, one row at a time, for a person.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::check::{Checks, Verdict};
use super::endpoint::listed;
use super::paint::Paint;
use super::report::{PullReport, RefusalReport, Report, SecretsReport};
use crate::kubelet::GoDuration;

/// What fits on a usual terminal.
const WIDTH: usize = 100;
/// Where details stand: below their row, their names in a column of their own.
const DETAIL: usize = 2;
const DETAIL_TEXT: usize = 12;
const ABSENT: &str = "-";

/// A table under way, which remembers what it has shown.
pub(super) struct Table<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
    shown: String,
}

/// The cells of one row.
struct Row<'a> {
    title: &'a str,
    lifetime: Option<String>,
    cached: Option<String>,
    times: [Option<f64>; 4],
}

impl<'a> Table<'a> {
    pub(super) fn new(out: &'a mut dyn Write, paint: Paint) -> Self {
        Self { out, paint, shown: String::new() }
    }

    /// All that was written.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn begin(&mut self, provider: &str, image: &str) -> io::Result<()> {
        let paint = self.paint;
        self.line(&format!("As the kubelet: run {} for each identity,", paint.bold(provider)))?;
        self.line(&format!("then pull {} from mock-artifactory with what it answers.", paint.bold(image)))?;
        self.line("")?;
        let times = ["start", "identity", "exchange", "pull"];
        let head = cells("PULL WITH", "TOKEN LIFE", "CACHED", times);
        self.line(&paint.dim(&format!("{head}  VERDICT")))
    }

    pub(super) fn pull(&mut self, pull: &PullReport) -> io::Result<()> {
        let row = Row {
            title: pull.identity.title(),
            lifetime: pull.token_lifetime_seconds.map(|seconds| GoDuration::from_secs(seconds).to_string()),
            cached: pull.answer.as_ref().and_then(|answer| answer.cache_duration.clone()),
            times: [Some(pull.times_ms.start), pull.times_ms.identity, pull.times_ms.exchange, pull.times_ms.pull],
        };
        self.row(&row, pull.verdict)?;
        self.detail("image", &image(pull))?;
        self.detail("requests", &listed(&pull.requests))?;
        if !pull.cloud_verification.is_empty() {
            self.detail("verified", &format!("by the cloud, {}", listed(&pull.cloud_verification)))?;
        }
        if !pull.verification.is_empty() {
            self.detail("verified", &format!("by Artifactory, {}", listed(&pull.verification)))?;
        }
        self.detail("answer", &answer(pull))?;
        self.failures(&pull.checks)?;
        match pull.stderr.as_deref() {
            None => {}
            Some("") => self.detail("stderr", "empty")?,
            Some(stderr) => {
                for line in stderr.lines() {
                    self.detail("stderr", line)?;
                }
            }
        }
        self.line("")
    }

    pub(super) fn refusal(&mut self, refusal: &RefusalReport) -> io::Result<()> {
        let times = [None, None, None, Some(refusal.pull_ms)];
        self.row(&Row { title: refusal.credential.title(), lifetime: None, cached: None, times }, refusal.verdict)?;
        self.detail("refused", &refusal.ending)?;
        self.failures(&refusal.checks)
    }

    pub(super) fn secrets(&mut self, secrets: &SecretsReport) -> io::Result<()> {
        self.line("")?;
        let title = format!("{} secrets that the mocks know: in no output, and with nobody else", secrets.known);
        self.line(&format!("{title:<92}  {}", self.verdict(secrets.verdict)))?;
        self.failures(&secrets.checks)
    }

    pub(super) fn traces(&mut self, drawn: &str) -> io::Result<()> {
        drawn.lines().try_for_each(|line| self.line(line))
    }

    pub(super) fn end(&mut self, report: &Report) -> io::Result<()> {
        let seconds = report.total_ms / 1_000.0;
        let (pulls, refusals) = (report.pulls.len(), report.refusals.len());
        let text = match report.verdict {
            Verdict::Held => self.paint.good(&format!("All held: {pulls} pulls, {refusals} refusals.")),
            Verdict::Failed => self.paint.bad("Not all held: see FAILED above."),
        };
        self.line("")?;
        self.line(&format!("{text} {seconds:.2} s from start to end."))
    }

    fn row(&mut self, row: &Row<'_>, verdict: Verdict) -> io::Result<()> {
        let text = |cell: &Option<String>| cell.clone().unwrap_or_else(|| ABSENT.to_owned());
        let times = row.times.map(|time| time.map_or_else(|| ABSENT.to_owned(), |time| format!("{time:.1} ms")));
        let cells = cells(row.title, &text(&row.lifetime), &text(&row.cached), times.each_ref().map(String::as_str));
        let (title, rest) = cells.split_at(row.title.len());
        self.line(&format!("{}{rest}  {}", self.paint.bold(title), self.verdict(verdict)))
    }

    fn verdict(&self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Held => self.paint.good("held"),
            Verdict::Failed => self.paint.bad("FAILED"),
        }
    }

    fn failures(&mut self, checks: &Checks) -> io::Result<()> {
        for (check, expected, got) in checks.failed() {
            let failed = self.paint.bad("FAILED");
            self.line(&format!("{:DETAIL$}{failed}    {check}", ""))?;
            self.detail("expected", expected)?;
            self.detail("got", got)?;
        }
        Ok(())
    }

    /// Writes a name and a text that may need several lines.
    fn detail(&mut self, name: &str, text: &str) -> io::Result<()> {
        let label = DETAIL_TEXT - DETAIL;
        for (index, part) in wrapped(text, WIDTH - DETAIL_TEXT).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let name = self.paint.dim(&format!("{name:label$}"));
            self.line(&format!("{:DETAIL$}{name}{part}", ""))?;
        }
        Ok(())
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        let text = text.trim_end();
        self.shown.push_str(text);
        self.shown.push('\n');
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }
}

fn cells(title: &str, lifetime: &str, cached: &str, times: [&str; 4]) -> String {
    let mut text = format!("{title:<24}{lifetime:>11}{cached:>11}");
    for time in times {
        let _ = write!(text, "{time:>11}");
    }
    text
}

fn image(pull: &PullReport) -> String {
    match &pull.pull {
        Some(facts) if !facts.verified.is_empty() => {
            let (parts, bytes) = (facts.verified.len(), facts.bytes());
            format!("{}, {parts} digests of {bytes} bytes verified", pull.image)
        }
        _ => format!("{}, not pulled", pull.image),
    }
}

fn answer(pull: &PullReport) -> String {
    match &pull.answer {
        Some(answer) => format!(
            "username: {}, password: {} characters, kept per {}",
            answer.username, answer.password_characters, answer.cache_key_type
        ),
        None => "no credential".to_owned(),
    }
}

/// Breaks a text at spaces; a word that is longer than a line stays whole.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let fits =
            lines.last().is_none_or(|line| line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width);
        match lines.last_mut() {
            Some(line) if fits => {
                let space = if line.is_empty() { "" } else { " " };
                line.push_str(space);
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_fits_with_its_verdict() {
        let row = cells("Azure managed identity", "1h0m0s", "54m37s", ["1234.5 ms"; 4]);
        assert!(row.chars().count() + "  FAILED".len() <= WIDTH, "{}", row.len());
        assert!(row.starts_with("Azure managed identity       1h0m0s"), "{row}");
    }

    #[test]
    fn text_is_broken_at_spaces_and_loses_nothing() {
        assert_eq!(wrapped("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrapped("longer-than-a-line x", 6), ["longer-than-a-line", "x"]);
        assert_eq!(wrapped("", 6), [""]);
    }

    #[test]
    fn what_is_written_is_remembered() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, Paint::Plain);
        table.begin("provider", "image").unwrap();
        let shown = table.shown().to_owned();
        assert_eq!(String::from_utf8(out).unwrap(), shown);
        assert!(shown.contains("PULL WITH") && shown.lines().all(|line| line.len() <= WIDTH));
    }
}
