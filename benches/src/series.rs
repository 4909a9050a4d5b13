//! Many values of one kind.

use std::time::Duration;

use crate::start::Cost;

/// Sorted values, at least one.
#[derive(Clone, Debug)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    /// The costs' wall times, in milliseconds.
    pub(crate) fn wall(costs: &[Cost]) -> Self {
        costs.iter().map(|cost| milliseconds(cost.wall)).collect()
    }

    /// The costs' processor times, in milliseconds.
    pub(crate) fn processor(costs: &[Cost]) -> Self {
        costs.iter().map(|cost| milliseconds(cost.processor)).collect()
    }

    /// What the wall times have beyond the processor times, in milliseconds: waiting for replies and for a processor.
    pub(crate) fn waiting(costs: &[Cost]) -> Self {
        costs.iter().map(|cost| milliseconds(cost.wall.saturating_sub(cost.processor))).collect()
    }

    /// The costs' peaks of memory, in MB (1,000,000 bytes).
    pub(crate) fn peak_memory(costs: &[Cost]) -> Self {
        costs.iter().map(|cost| megabytes(cost.peak_memory)).collect()
    }

    /// The least value.
    pub(crate) fn least(&self) -> f64 {
        self.rank(0)
    }

    /// The value that half of the values do not exceed.
    pub(crate) fn median(&self) -> f64 {
        self.rank((self.0.len() - 1) / 2)
    }

    /// The value that 95 of 100 values do not exceed.
    pub(crate) fn percentile_95(&self) -> f64 {
        self.rank((self.0.len() * 95).div_ceil(100) - 1)
    }

    fn rank(&self, index: usize) -> f64 {
        self.0[index]
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }
}

/// Bytes as MB (1,000,000 bytes).
#[expect(clippy::cast_precision_loss, reason = "sizes of programs stay far below 2^52 bytes")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_sorted_values() {
        let hundred: Series = (1..=100).rev().map(f64::from).collect();
        assert_eq!(ranks(&hundred), ["1", "50", "95"]);
        let one: Series = [7.0].into_iter().collect();
        assert_eq!(ranks(&one), ["7"; 3]);
    }

    fn ranks(series: &Series) -> [String; 3] {
        [series.least(), series.median(), series.percentile_95()].map(|value| value.to_string())
    }
}
