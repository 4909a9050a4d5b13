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
    let name = met(own, other)?;
    // Where both begin or end with `*`, the name may be empty or have a hyphen at that end, which no label has.
    let padded = |before: &[u8], after: &[u8]| [before, &name, after].concat();
    let candidates = [padded(b"", b""), padded(b"x", b""), padded(b"", b"x"), padded(b"x", b"x")];
    candidates.into_iter().find(|name| is_name(name) && both_match(name))
}

/// Whether an image's host can have this label, or be this IPv6 address.
fn is_name(name: &[u8]) -> bool {
    let is_address = name.contains(&b':') && name.iter().all(|byte| *byte == b':' || byte.is_ascii_hexdigit());
    is_address || str::from_utf8(name).is_ok_and(is_host_label)
}

/// A text that two globs without classes match.
///
/// Of two that both have a `*` only the ends can differ: what stands between them is met one after the other.
fn met(own: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    if is_within(own, other) {
        return Some(without_stars(own));
    }
    if is_within(other, own) {
        return Some(without_stars(other));
    }
    let (start, between, end) = ends(own)?;
    let (other_start, other_between, other_end) = ends(other)?;
    let start = longer(start, other_start, <[u8]>::starts_with)?;
    let end = longer(end, other_end, <[u8]>::ends_with)?;
    Some([start, &without_stars(between), &without_stars(other_between), end].concat())
}

/// What stands before the first `*`, between it and the last, and behind that; `None` without a `*`.
fn ends(label: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let first = label.iter().position(|byte| *byte == b'*')?;
    let last = label.iter().rposition(|byte| *byte == b'*')?;
    Some((&label[..first], &label[first..last], &label[last + 1..]))
}

/// The longer of two texts, if it has the other at its end.
fn longer<'t>(one: &'t [u8], two: &'t [u8], has: fn(&[u8], &[u8]) -> bool) -> Option<&'t [u8]> {
    let (long, short) = if one.len() < two.len() { (two, one) } else { (one, two) };
    has(long, short).then_some(long)
}

fn without_stars(label: &[u8]) -> Vec<u8> {
    label.iter().copied().filter(|byte| *byte != b'*').collect()
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
        fn two_labels_meet_where_a_name_matches_both(own in "[ab*]{0,6}", other in "[ab*]{0,6}", name in "[ab]{0,6}") {
            let (own, other) = (own.as_bytes(), other.as_bytes());
            let both_match = |name: &[u8]| go_match::matches(own, name) && go_match::matches(other, name);
            match met(own, other) {
                Some(found) => prop_assert!(both_match(&found)),
                None => prop_assert!(!both_match(name.as_bytes())),
            }
        }
    }
}
