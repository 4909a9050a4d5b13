//! Two labels of a host as globs: whether one's names are some of the other's, and a name that both match.
//!
//! A class (`[..]`) comes with an IPv6 address without a port only, and then is the whole label; it matches one character.

use crate::image::{go_match, is_host_label};

/// How the names that one label matches lie to those of another, where they share some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// They are the same.
    Same,
    /// They are some of the other's.
    Within,
    /// The other's are some of them.
    Around,
    /// Each has names that the other does not.
    Crossing,
}

impl Relation {
    pub(super) fn between(own: &[u8], other: &[u8]) -> Self {
        match (is_within(own, other), is_within(other, own)) {
            (true, true) => Self::Same,
            (true, false) => Self::Within,
            (false, true) => Self::Around,
            (false, false) => Self::Crossing,
        }
    }

    /// The relation of hosts whose labels have these.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Same, relation) | (relation, Self::Same) => relation,
            (one, other) if one == other => one,
            _ => Self::Crossing,
        }
    }
}

/// Whether both are plain names, and not the same one.
pub(super) fn differ_plainly(own: &[u8], other: &[u8]) -> bool {
    is_plain(own) && is_plain(other) && own != other
}

fn is_plain(label: &[u8]) -> bool {
    !label.contains(&b'*') && !has_class(label)
}

fn has_class(label: &[u8]) -> bool {
    label.contains(&b'[')
}

/// Whether every name that `inner` matches is one that `outer` does.
///
/// A glob is within another one if the other matches its text, in which `*` is a character like any other: where that is
/// matched, it is by a `*`, and then so is whatever stands in its place. Of classes only the plain cases are known.
fn is_within(inner: &[u8], outer: &[u8]) -> bool {
    let everything = outer.iter().all(|byte| *byte == b'*') && !outer.is_empty();
    inner == outer
        || everything
        || ((is_plain(inner) || !has_class(inner) && !has_class(outer)) && go_match::matches(outer, inner))
}

/// A short name that both match and that an image can have; `None` when there is none.
pub(super) fn shared(own: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let both_match = |name: &[u8]| go_match::matches(own, name) && go_match::matches(other, name);
    if has_class(own) || has_class(other) {
        return (b'0'..=b'z').map(|byte| vec![byte]).find(|name| name[0].is_ascii_alphanumeric() && both_match(name));
    }
    let shortest = shortest(own, other)?;
    // Where both begin or end with `*`, the shortest may be empty or have a hyphen at that end, which no name has.
    let padded = |before: &[u8], after: &[u8]| [before, &shortest, after].concat();
    let candidates = [padded(b"", b""), padded(b"x", b""), padded(b"", b"x"), padded(b"x", b"x")];
    candidates.into_iter().find(|name| is_name(name) && both_match(name))
}

/// Whether an image's host can have this label, or be this IPv6 address.
fn is_name(name: &[u8]) -> bool {
    let is_address = name.contains(&b':') && name.iter().all(|byte| *byte == b':' || byte.is_ascii_hexdigit());
    is_address || str::from_utf8(name).is_ok_and(is_host_label)
}

/// The shortest text that two globs without classes match.
fn shortest(own: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    // What the ends match, by where they begin: `found[i][j]` is for `own[i..]` and `other[j..]`.
    let mut found: Vec<Vec<Option<Vec<u8>>>> = vec![vec![None; other.len() + 1]; own.len() + 1];
    for i in (0..=own.len()).rev() {
        for j in (0..=other.len()).rev() {
            let after = |i: usize, j: usize| found.get(i)?.get(j)?.clone();
            let with = |byte: u8, rest: Option<Vec<u8>>| rest.map(|rest| [&[byte], &rest[..]].concat());
            found[i][j] = match (own.get(i), other.get(j)) {
                (None, None) => Some(Vec::new()),
                (Some(b'*'), Some(b'*')) => shorter(after(i + 1, j), after(i, j + 1)),
                (Some(b'*'), None) => after(i + 1, j),
                (None, Some(b'*')) => after(i, j + 1),
                (Some(b'*'), Some(byte)) => shorter(after(i + 1, j), with(*byte, after(i, j + 1))),
                (Some(byte), Some(b'*')) => shorter(after(i, j + 1), with(*byte, after(i + 1, j))),
                (Some(one), Some(two)) if one == two => with(*one, after(i + 1, j + 1)),
                _ => None,
            };
        }
    }
    found[0][0].take()
}

fn shorter(one: Option<Vec<u8>>, two: Option<Vec<u8>>) -> Option<Vec<u8>> {
    [one, two].into_iter().flatten().min_by_key(Vec::len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A name with a letter that neither glob has is where the two differ, if they do.
        #[test]
        fn a_label_is_within_another_if_every_name_of_it_is_the_others(
            own in "[ab*]{0,5}", other in "[ab*]{0,5}", names in prop::collection::vec("[abc]{0,6}", 64),
        ) {
            let (own, other) = (own.as_bytes(), other.as_bytes());
            let instance = String::from_utf8_lossy(own).replace('*', "c");
            let escapes = |name: &String| go_match::matches(own, name.as_bytes()) && !go_match::matches(other, name.as_bytes());
            if is_within(own, other) {
                prop_assert!(!names.iter().any(escapes));
            } else {
                prop_assert!(escapes(&instance), "{instance}");
            }
        }

        #[test]
        fn names_that_both_match_have_a_shortest_one(own in "[ab*]{0,6}", other in "[ab*]{0,6}", name in "[ab]{0,6}") {
            let (own, other) = (own.as_bytes(), other.as_bytes());
            let both_match = |name: &[u8]| go_match::matches(own, name) && go_match::matches(other, name);
            match shortest(own, other) {
                Some(found) => {
                    prop_assert!(both_match(&found));
                    prop_assert!(!both_match(name.as_bytes()) || found.len() <= name.len());
                }
                None => prop_assert!(!both_match(name.as_bytes())),
            }
        }
    }
}
