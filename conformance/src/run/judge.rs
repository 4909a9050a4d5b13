//! What of a pull is not as expected, in words.

mod answer;
mod leaks;

use super::attempt::Attempt;
use super::case::{Asked, Exit, Expect, From, Stderr};
use super::facts::{Facts, UnknownFact};
use super::node::{Node, TAG};
use crate::demo::secrets::Secrets;
use crate::kubelet::{Ending, GoDuration, ImageName};
use crate::registry::Client;

use self::leaks::leaks;

/// Reasons of a failure, collected.
#[derive(Debug, Default)]
pub(super) struct Reasons(Vec<String>);

impl Reasons {
    /// Adds a reason, unless what is expected is so.
    pub(super) fn expect(&mut self, is_so: bool, reason: impl FnOnce() -> String) {
        if !is_so {
            self.0.push(reason());
        }
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// Judges one pull at the boundary.
///
/// # Errors
///
/// A text of the case names no fact.
pub(super) fn judge(
    attempt: &Attempt,
    expect: &Expect,
    facts: &Facts,
    secrets: &Secrets,
    now: i64,
) -> Result<Vec<String>, UnknownFact> {
    let mut reasons = Reasons::default();
    of_exit(&mut reasons, attempt, expect);
    answer::judge(&mut reasons, attempt, expect, facts, now)?;
    of_stderr(&mut reasons, attempt, expect);
    if let Some(limit) = expect.within {
        let took = GoDuration::from_secs(attempt.took.as_secs().cast_signed());
        reasons.expect(took < limit, || format!("it took {took}, not less than {limit}"));
    }
    for asked in &expect.asked {
        of_requests(&mut reasons, attempt, asked);
    }
    leaks(&mut reasons, attempt, secrets);
    Ok(reasons.into_vec())
}

/// Pulls with the credential of the answer; the reason why that does not work.
pub(super) async fn pulled(node: &Node, attempt: &Attempt) -> Option<String> {
    let response = attempt.response.as_ref().ok()?;
    let credential = answer::credential(response, &attempt.image)?;
    let image = ImageName::parse(&format!("{}:{TAG}", attempt.image)).ok()?;
    let client = match Client::trusting(node.artifactory.ca_pem()) {
        Ok(client) => client,
        Err(error) => return Some(error.to_string()),
    };
    client.pull(&image, Some(&credential)).await.err().map(|error| format!("the image is not pulled: {error}"))
}

fn of_exit(reasons: &mut Reasons, attempt: &Attempt, expect: &Expect) {
    let from = if attempt.run.is_some() { From::Run } else { From::Cache };
    reasons.expect(expect.from == From::Any || expect.from == from, || match from {
        From::Run => "the kubelet had to run the plugin again".to_owned(),
        _ => "the kubelet used a kept answer in place of a new one".to_owned(),
    });
    let Some(run) = &attempt.run else { return };
    match expect.exit {
        Exit::Zero => reasons.expect(run.ending == Ending::Exited(0), || {
            let said = attempt.stderr();
            format!(
                "it ended with {} and not with exit code 0: {}",
                run.ending,
                said.lines().next().unwrap_or("no word")
            )
        }),
        Exit::NonZero => {
            let is_so = matches!(run.ending, Ending::Exited(code) if code != 0);
            reasons.expect(is_so, || format!("it ended with {} and not with another exit code than 0", run.ending));
        }
        Exit::Any => reasons.expect(run.ending != Ending::TimedOut, || format!("it was {}", run.ending)),
    }
}

fn of_stderr(reasons: &mut Reasons, attempt: &Attempt, expect: &Expect) {
    let Some(run) = &attempt.run else { return };
    if expect.stderr == Stderr::Explains {
        let says = attempt.stderr().trim().chars().count() > 0;
        reasons.expect(says, || "standard error is empty".to_owned());
    }
    for text in &expect.stderr_without {
        reasons.expect(!attempt.stderr().contains(text), || format!("standard error has {text:?}"));
    }
    if let Some(limit) = expect.stderr_at_most {
        let length = run.stderr.len();
        reasons.expect(length <= limit, || format!("standard error has {length} bytes, more than {limit}"));
    }
}

fn of_requests(reasons: &mut Reasons, attempt: &Attempt, asked: &Asked) {
    let found = attempt.asked.iter().filter(|(service, request)| *service == asked.at && asked.is(request)).count();
    let words = asked.words();
    if let Some(least) = asked.at_least {
        reasons.expect(found >= least, || format!("{words}: {found}, fewer than {least}"));
    }
    if let Some(most) = asked.at_most {
        reasons.expect(found <= most, || format!("{words}: {found}, more than {most}"));
    }
}
