//! Spans in the order in which they are read: each below the one that it is part of, and earlier ones first.

use std::collections::BTreeSet;

use crate::Span;

/// Every span once, with how many others it is inside of.
pub(super) fn rows(spans: &[Span]) -> Vec<(usize, &Span)> {
    let known: BTreeSet<_> = spans.iter().map(|span| span.id).collect();
    let mut sorted: Vec<_> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    let is_root = |span: &&&Span| span.parent.is_none_or(|parent| !known.contains(&parent));
    let roots = sorted.iter().filter(is_root).copied();
    // Spans that are inside of one another have no root among them, and are read as roots at last.
    for root in roots.chain(sorted.iter().copied()) {
        descend(root, 0, &sorted, &mut seen, &mut rows);
    }
    rows
}

fn descend<'a>(
    span: &'a Span,
    depth: usize,
    sorted: &[&'a Span],
    seen: &mut BTreeSet<u64>,
    rows: &mut Vec<(usize, &'a Span)>,
) {
    if !seen.insert(span.id) {
        return;
    }
    rows.push((depth, span));
    for child in sorted.iter().filter(|child| child.parent == Some(span.id)) {
        descend(child, depth + 1, sorted, seen, rows);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Outcome;

    fn names(spans: &[(u64, Option<u64>, u64)]) -> Vec<(usize, u64)> {
        let span = |&(id, parent, start): &(u64, Option<u64>, u64)| Span {
            id,
            parent,
            name: String::new(),
            start: Duration::from_micros(start),
            end: Duration::from_micros(start),
            outcome: Outcome::Done,
            notes: Vec::new(),
        };
        rows(&spans.iter().map(span).collect::<Vec<_>>()).iter().map(|(depth, span)| (*depth, span.id)).collect()
    }

    #[test]
    fn children_follow_their_parent_by_their_start() {
        assert_eq!(
            names(&[(4, Some(2), 5), (3, Some(1), 2), (1, None, 0), (2, Some(1), 4)]),
            [(0, 1), (1, 3), (1, 2), (2, 4)]
        );
    }

    #[test]
    fn a_parent_elsewhere_makes_a_root_and_a_circle_ends() {
        assert_eq!(names(&[(1, Some(99), 0)]), [(0, 1)]);
        assert_eq!(names(&[(1, Some(2), 0), (2, Some(1), 1), (3, Some(3), 2)]), [(0, 1), (1, 2), (0, 3)]);
    }
}
