//! The conditions of a statement.
//!
//! [IAM user guide, Condition operators](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::context::Context;
use super::one_or_many::OneOrMany;
use super::pattern;

/// The `Condition` element: all of its operators and keys must hold, of several values any one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Conditions(BTreeMap<Operator, BTreeMap<String, OneOrMany<Value>>>);

/// How a key is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Operator {
    quantifier: Quantifier,
    comparison: Comparison,
    sense: Sense,
    absence: Absence,
}

/// Which of the values of an attempt count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Quantifier {
    Any,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Comparison {
    Equals,
    EqualsIgnoreCase,
    Like,
    Arn,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sense {
    Is,
    IsNot,
}

/// What an absent key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Absence {
    /// It is compared, and equals nothing.
    Compared,
    /// The condition holds.
    Passed,
}

/// A text to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Value(String);

impl Conditions {
    /// Whether all of them hold for an attempt.
    pub(crate) fn hold(&self, context: &Context) -> bool {
        let mut operators = self.0.iter();
        operators.all(|(operator, keys)| {
            let mut keys = keys.iter();
            keys.all(|(key, wanted)| operator.holds(context.values(key), wanted))
        })
    }

    /// The same ones with another text for each occurrence of one in a key.
    pub(crate) fn replacing(&self, text: &str, by: &str) -> Self {
        let replaced = self.0.iter().map(|(operator, keys)| {
            let keys = keys.iter().map(|(key, wanted)| (key.replace(text, by), wanted.clone()));
            (*operator, keys.collect())
        });
        Self(replaced.collect())
    }
}

impl Operator {
    fn holds(self, values: &[String], wanted: &OneOrMany<Value>) -> bool {
        if self.comparison == Comparison::Null {
            return wanted.iter().any(|Value(text)| (text == "true") == values.is_empty());
        }
        if values.is_empty() {
            // "ForAllValues" holds for no value at all; so do negated comparisons.
            return self.absence == Absence::Passed || self.quantifier == Quantifier::All || self.sense == Sense::IsNot;
        }
        let fits = |value: &String| {
            let equal = wanted.iter().any(|Value(wanted)| self.comparison.fits(wanted, value));
            equal == (self.sense == Sense::Is)
        };
        match self.quantifier {
            Quantifier::Any => values.iter().any(fits),
            Quantifier::All => values.iter().all(fits),
        }
    }
}

impl Comparison {
    fn fits(self, wanted: &str, value: &str) -> bool {
        match self {
            Self::Equals => wanted == value,
            Self::EqualsIgnoreCase => wanted.to_lowercase() == value.to_lowercase(),
            Self::Like => pattern::matches(wanted, value),
            // Each of the six fields is compared by itself.
            Self::Arn => {
                let (wanted, value) = (wanted.splitn(6, ':'), value.splitn(6, ':'));
                wanted.clone().count() == value.clone().count()
                    && wanted.zip(value).all(|(wanted, value)| pattern::matches(wanted, value))
            }
            Self::Null => false,
        }
    }
}

impl TryFrom<String> for Operator {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (Quantifier::Any, text.as_str()),
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(_) => return Err(unknown(&text)),
        };
        let (rest, absence) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, Absence::Passed),
            None => (rest, Absence::Compared),
        };
        let (comparison, sense) = match rest {
            "StringEquals" => (Comparison::Equals, Sense::Is),
            "StringNotEquals" => (Comparison::Equals, Sense::IsNot),
            "StringEqualsIgnoreCase" | "Bool" => (Comparison::EqualsIgnoreCase, Sense::Is),
            "StringNotEqualsIgnoreCase" => (Comparison::EqualsIgnoreCase, Sense::IsNot),
            "StringLike" => (Comparison::Like, Sense::Is),
            "StringNotLike" => (Comparison::Like, Sense::IsNot),
            "ArnEquals" | "ArnLike" => (Comparison::Arn, Sense::Is),
            "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, Sense::IsNot),
            "Null" => (Comparison::Null, Sense::Is),
            _ => return Err(unknown(&text)),
        };
        Ok(Self { quantifier, comparison, sense, absence })
    }
}

fn unknown(operator: &str) -> String {
    format!("the condition operator `{operator}` is not evaluated here")
}

impl TryFrom<String> for Value {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let has_variable = text.contains("${");
        if has_variable {
            Err(format!("the policy variables in `{text}` are not evaluated here"))
        } else {
            Ok(Self(text))
        }
    }
}
