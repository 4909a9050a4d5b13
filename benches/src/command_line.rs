//! The arguments.

use std::ffi::OsString;

use lexopt::prelude::*;

use crate::Failure;
use crate::budget::Mode;
use crate::programs::Profile;
use crate::rounds::Plan;

const HELP: &str = "\
What one start of the credential provider costs.

usage: benches pull [--profile release|dist] [--rounds N] [--warm-up N]
       benches telemetry [--profile release|dist] [--rounds N] [--warm-up N]
       benches budget [--profile release|dist] [--write]

pull       measures every identity beside /bin/true and a plain client, and prints Markdown
telemetry  measures what a trace adds to a pull, with collectors that are up, refuse and hang
budget     compares counts and ratios with benches/budget.toml and exits with 1 when one is exceeded
           --write  writes the counts of this machine there instead
";

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Print this.
    Print(&'static str),
    /// Measure and report.
    Pull { profile: Profile, plan: Plan },
    /// Measure what telemetry adds and report.
    Telemetry { profile: Profile, plan: Plan },
    /// Count and compare.
    Budget { profile: Profile, mode: Mode },
}

impl Command {
    /// Parses the arguments without the program's name.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Failure> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let (mut word, mut profile, mut plan, mut mode) = (None, Profile::Release, Plan::default(), Mode::Compare);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(Self::Print(HELP)),
                Long("profile") => profile = parser.value()?.parse_with(Profile::parse)?,
                Long("rounds") => plan.rounds = parser.value()?.parse()?,
                Long("warm-up") => plan.warm_up = parser.value()?.parse()?,
                Long("write") => mode = Mode::Write,
                Value(value) if word.is_none() => word = Some(value.string()?),
                _ => return Err(argument.unexpected().into()),
            }
        }
        match word.as_deref() {
            Some("pull") if plan.rounds > 0 => Ok(Self::Pull { profile, plan }),
            Some("telemetry") if plan.rounds > 0 => Ok(Self::Telemetry { profile, plan }),
            Some("budget") => Ok(Self::Budget { profile, mode }),
            _ => Err(HELP.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, Failure> {
        Command::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_plan_is_taken_from_the_arguments() {
        let plan = Plan { rounds: 3, warm_up: 1 };
        let expected = Command::Pull { profile: Profile::Dist, plan };
        assert_eq!(parse("pull --profile dist --rounds 3 --warm-up 1").unwrap(), expected);
        assert_eq!(
            parse("telemetry").unwrap(),
            Command::Telemetry { profile: Profile::Release, plan: Plan::default() }
        );
        assert_eq!(parse("budget --write").unwrap(), Command::Budget { profile: Profile::Release, mode: Mode::Write });
    }

    #[test]
    fn what_makes_no_measurement_is_refused() {
        for line in [
            "",
            "pul",
            "pull pull",
            "pull --rounds 0",
            "telemetry --rounds 0",
            "pull --rounds x",
            "pull --profile debug",
            "budget --force",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
