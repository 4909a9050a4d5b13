//! All subjects in turns, so that a ratio compares neighbours in time.

use crate::Failure;
use crate::start::{Cost, cost};
use crate::subject::Subject;

/// How often each subject is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Starts that count.
    pub(crate) rounds: usize,
    /// Starts before them, which fill the page cache.
    pub(crate) warm_up: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { rounds: 200, warm_up: 20 }
    }
}

/// Starts each subject once a round, each round beginning with another one; gives the costs in the subjects' order.
pub(crate) fn run(subjects: &[Subject], plan: Plan) -> Result<Vec<Vec<Cost>>, Failure> {
    let mut costs = vec![Vec::with_capacity(plan.rounds); subjects.len()];
    for round in 0..plan.warm_up + plan.rounds {
        for turn in 0..subjects.len() {
            let index = (round + turn) % subjects.len();
            let cost = cost(&subjects[index])?;
            if round >= plan.warm_up {
                costs[index].push(cost);
            }
        }
    }
    Ok(costs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_does_not_count() {
        let subjects = [Subject::nothing(), Subject::nothing()];
        let costs = run(&subjects, Plan { rounds: 3, warm_up: 2 }).unwrap();
        assert_eq!(costs.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
        assert!(costs.iter().flatten().all(|cost| cost.wall >= cost.processor / 2 && cost.peak_memory > 0));
    }
}
