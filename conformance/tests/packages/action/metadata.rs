//! The action as its file has it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::runner::Contexts;
use crate::file;

/// The keys that the action uses, of those that GitHub knows:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax>.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) inputs: BTreeMap<String, Input>,
    pub(super) outputs: BTreeMap<String, Output>,
    pub(super) runs: Runs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) description: String,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) default: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    pub(super) description: String,
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runs {
    pub(super) using: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) id: Option<String>,
    #[serde(rename = "if")]
    condition: Option<String>,
    pub(super) shell: Option<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    pub(super) run: Option<String>,
    pub(super) uses: Option<String>,
    #[serde(default)]
    pub(super) with: BTreeMap<String, String>,
}

impl Action {
    pub(super) fn read() -> Self {
        serde_saphyr::from_str(&std::fs::read_to_string(file("action.yml")).unwrap()).unwrap()
    }
}

impl Step {
    /// Whether the step is to run: comparisons with `==` and `!=`, joined by `&&`.
    pub(super) fn applies(&self, contexts: &Contexts) -> bool {
        let mut comparisons = self.condition.iter().flat_map(|condition| condition.split(" && "));
        comparisons.all(|comparison| {
            let (name, is_equal, literal) = match comparison.split_once(" == ") {
                Some((name, literal)) => (name, true, literal),
                None => comparison.split_once(" != ").map(|(name, literal)| (name, false, literal)).unwrap(),
            };
            let literal = literal.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap();
            (contexts.value(name) == literal) == is_equal
        })
    }
}
