//! Go's `filepath.Match` for one label of a host name.
//!
//! Upstream: Go, package [`path/filepath`](https://pkg.go.dev/path/filepath#Match). What cannot stand in a parsed host
//! is left out: `?` (cut as a query), `\` (refused) and the separator `/`. Classes arrive with an IPv6 address only,
//! whose brackets stay when it has no port.

/// Whether a whole label matches a pattern; a malformed pattern matches nothing.
pub(super) fn matches(mut pattern: &[u8], mut label: &[u8]) -> bool {
    while !pattern.is_empty() {
        let (skips, chunk, rest) = next_chunk(pattern, label.len());
        if chunk.is_empty() {
            return true;
        }
        let fits = |after: &&[u8]| !rest.is_empty() || after.is_empty();
        let Some(after) = (0..=skips).filter_map(|skip| strip_chunk(&label[skip..], chunk)).find(fits) else {
            return false;
        };
        (pattern, label) = (rest, after);
    }
    label.is_empty()
}

/// Splits off the stars in front and what stands before the next star; with a star, up to `length` bytes may be skipped.
fn next_chunk(pattern: &[u8], length: usize) -> (usize, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|&&byte| byte == b'*').count();
    let skips = if stars > 0 { length } else { 0 };
    let pattern = &pattern[stars..];
    let mut in_class = false;
    let end = pattern.iter().position(|byte| {
        in_class = *byte == b'[' || in_class && *byte != b']';
        *byte == b'*' && !in_class
    });
    let (chunk, rest) = pattern.split_at(end.unwrap_or(pattern.len()));
    (skips, chunk, rest)
}

/// What is left of a label after a chunk without stars, or `None` when the label does not begin with it.
fn strip_chunk<'a>(mut label: &'a [u8], mut chunk: &[u8]) -> Option<&'a [u8]> {
    while let [first, after @ ..] = chunk {
        if *first == b'[' {
            let (character, length) = first_character(label)?;
            let (contained, after) = class_contains(after, character)?;
            if !contained {
                return None;
            }
            (label, chunk) = (&label[length..], after);
        } else {
            label = label.strip_prefix(&[*first])?;
            chunk = after;
        }
    }
    Some(label)
}

/// Whether the class (what follows its `[`) contains a character, and the pattern after its `]`; `None` if malformed.
fn class_contains(class: &[u8], character: char) -> Option<(bool, &[u8])> {
    let (negated, mut rest) = class.strip_prefix(b"^").map_or((false, class), |rest| (true, rest));
    let mut contained = false;
    loop {
        let (low, after) = class_bound(rest)?;
        let (high, after) = after.strip_prefix(b"-").map_or(Some((low, after)), class_bound)?;
        contained |= (low..=high).contains(&character);
        if let Some(after) = after.strip_prefix(b"]") {
            return Some((contained != negated, after));
        }
        rest = after;
    }
}

/// A bound of a range in a class, and what follows it.
fn class_bound(class: &[u8]) -> Option<(char, &[u8])> {
    let bound = class.utf8_chunks().next()?.valid().chars().next()?;
    let rest = &class[bound.len_utf8()..];
    (bound != '-' && bound != ']').then_some((bound, rest))
}

/// The first character and its length in bytes; a byte that is no UTF-8 counts as one replacement character.
fn first_character(label: &[u8]) -> Option<(char, usize)> {
    let valid = label.utf8_chunks().next()?.valid();
    let first = valid.chars().next();
    Some(first.map_or((char::REPLACEMENT_CHARACTER, 1), |first| (first, first.len_utf8())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of Go's `filepath.Match`; an error is `false`.
    #[test]
    fn labels_match_as_in_go() {
        let cases: [(&str, &str, bool); 27] = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "abc", true),
            ("**", "abc", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*b", "acbdb", true),
            ("a*b", "acbdc", false),
            ("a*b*c", "axbxbxc", true),
            ("abc", "ab", false),
            ("ab", "abc", false),
            ("[:1]", ":", true),
            ("[:1]", "1", true),
            ("[:1]", "[:1]", false),
            ("[^:1]", "a", true),
            ("[^:1]", "1", false),
            ("[a-c]x*", "bxyz", true),
            ("[a-c]x*", "dxyz", false),
            ("[*]", "*", true),
            ("*[a", "xa", false),
            ("[]", "]", false),
            ("[-a]", "a", false),
            ("[a-]", "a", false),
            ("[é]", "é", true),
        ];
        for (pattern, label, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), label.as_bytes()), expected, "{pattern} {label}");
        }
    }

    #[test]
    fn a_byte_that_is_no_character_is_one_character_to_a_class() {
        assert!(matches(b"[^a]", &[0xff]));
        assert!(!matches(b"[^a]", &[0xff, 0xff]));
        assert!(!matches(b"[\xff]", &[0xff]));
    }
}
