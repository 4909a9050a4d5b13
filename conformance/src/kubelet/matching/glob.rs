//! Go's `filepath.Match` on one label of a host.
//!
//! Upstream: Go's package [`path/filepath`](https://pkg.go.dev/path/filepath#Match) on Unix, since Go 1.16.

use super::BadPattern;

/// A pattern: runs of single pieces, each run but the first after a `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    /// What the text begins with.
    head: Vec<Piece>,
    /// What follows, in this order, each after any bytes; the last one ends the text.
    runs: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Byte(u8),
    AnyCharacter,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// What Go reads from bytes that are no UTF-8.
const REPLACEMENT: char = '\u{fffd}';

impl Glob {
    /// Parses a pattern; Go finds a bad one too, wherever the text stops to match.
    pub(super) fn parse(text: &[u8]) -> Result<Self, BadPattern> {
        let (mut runs, mut rest) = (vec![Vec::new()], text);
        while let [first, tail @ ..] = rest {
            let (piece, tail) = match first {
                b'*' => {
                    runs.push(Vec::new());
                    rest = tail;
                    continue;
                }
                b'[' => class(tail)?,
                b'?' => (Piece::AnyCharacter, tail),
                b'\\' => tail.split_first().map(|(byte, tail)| (Piece::Byte(*byte), tail)).ok_or(BadPattern)?,
                byte => (Piece::Byte(*byte), tail),
            };
            runs.last_mut().expect("there is one run at least").push(piece);
            rest = tail;
        }
        let head = runs.remove(0);
        Ok(Self { head, runs })
    }

    /// Whether a label matches as a whole.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let Some(mut rest) = after(&self.head, text) else { return false };
        let Some((last, between)) = self.runs.split_last() else { return rest.is_empty() };
        for run in between {
            let Some(found) = (0..=rest.len()).find_map(|start| after(run, &rest[start..])) else { return false };
            rest = found;
        }
        last.is_empty() || (0..=rest.len()).any(|start| after(last, &rest[start..]).is_some_and(<[u8]>::is_empty))
    }
}

/// What is left of a text after a run; `None` if it does not begin with it.
fn after<'a>(run: &[Piece], mut text: &'a [u8]) -> Option<&'a [u8]> {
    for piece in run {
        let length = match piece {
            Piece::Byte(byte) => (text.first()? == byte).then_some(1)?,
            Piece::AnyCharacter => character(text)?.1,
            Piece::Class { negated, ranges } => {
                let (character, length) = character(text)?;
                let is_in = ranges.iter().any(|(low, high)| (*low..=*high).contains(&character));
                (is_in != *negated).then_some(length)?
            }
        };
        text = &text[length..];
    }
    Some(text)
}

/// The first character and its length; a byte that begins none counts as one.
fn character(text: &[u8]) -> Option<(char, usize)> {
    let chunk = text.utf8_chunks().next()?;
    Some(chunk.valid().chars().next().map_or((REPLACEMENT, 1), |character| (character, character.len_utf8())))
}

/// Reads a class after its bracket.
fn class(text: &[u8]) -> Result<(Piece, &[u8]), BadPattern> {
    let (negated, mut rest) = text.strip_prefix(b"^").map_or((false, text), |rest| (true, rest));
    let mut ranges = Vec::new();
    loop {
        if let (false, Some(rest)) = (ranges.is_empty(), rest.strip_prefix(b"]")) {
            return Ok((Piece::Class { negated, ranges }, rest));
        }
        let (low, tail) = bound(rest)?;
        let (high, tail) = tail.strip_prefix(b"-").map_or(Ok((low, tail)), bound)?;
        ranges.push((low, high));
        rest = tail;
    }
}

/// Reads one end of a range, which is never the end of the pattern.
fn bound(text: &[u8]) -> Result<(char, &[u8]), BadPattern> {
    let text = match text {
        [] | [b'-' | b']', ..] => return Err(BadPattern),
        [b'\\', escaped @ ..] => escaped,
        text => text,
    };
    let (character, length) = character(text).ok_or(BadPattern)?;
    let is_invalid = character == REPLACEMENT && length == 1;
    if is_invalid || text.len() == length { Err(BadPattern) } else { Ok((character, &text[length..])) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patterns, names and results of Go's own tests of `Match`, as far as no `/` is in them.
    #[test]
    fn gos_own_cases_have_gos_results() {
        let cases = [
            ("abc", "abc", Ok(true)),
            ("*", "abc", Ok(true)),
            ("*c", "abc", Ok(true)),
            ("a*", "a", Ok(true)),
            ("a*", "abc", Ok(true)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Ok(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Ok(false)),
            ("ab[c]", "abc", Ok(true)),
            ("ab[b-d]", "abc", Ok(true)),
            ("ab[e-g]", "abc", Ok(false)),
            ("ab[^c]", "abc", Ok(false)),
            ("ab[^e-g]", "abc", Ok(true)),
            ("a\\*b", "a*b", Ok(true)),
            ("a\\*b", "ab", Ok(false)),
            ("a?b", "a☺b", Ok(true)),
            ("a[^a]b", "a☺b", Ok(true)),
            ("a???b", "a☺b", Ok(false)),
            ("a[^a][^a][^a]b", "a☺b", Ok(false)),
            ("[a-ζ]*", "α", Ok(true)),
            ("*[a-ζ]", "A", Ok(false)),
            ("[\\]a]", "]", Ok(true)),
            ("[\\-]", "-", Ok(true)),
            ("[x\\-]", "z", Ok(false)),
            ("[]a]", "]", Err(BadPattern)),
            ("[-]", "-", Err(BadPattern)),
            ("[x-]", "x", Err(BadPattern)),
            ("[-x]", "x", Err(BadPattern)),
            ("\\", "a", Err(BadPattern)),
            ("[a-b-c]", "a", Err(BadPattern)),
            ("[", "a", Err(BadPattern)),
            ("[^bc", "a", Err(BadPattern)),
            ("a[", "ab", Err(BadPattern)),
            ("*x", "xxx", Ok(true)),
        ];
        for (pattern, name, expected) in cases {
            let matched = Glob::parse(pattern.as_bytes()).map(|glob| glob.matches(name.as_bytes()));
            assert_eq!(matched, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_star_is_any_bytes_even_part_of_a_character() {
        let matches = |pattern: &[u8], name: &[u8]| Glob::parse(pattern).unwrap().matches(name);
        assert!(matches(b"*\xa9", "é".as_bytes()));
        assert!(matches(b"**a**", b"bab"));
        assert!(matches(b"", b"") && !matches(b"", b"a") && matches(b"*", b""));
    }
}
