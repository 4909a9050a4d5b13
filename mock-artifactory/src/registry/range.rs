//! Reads the Range header of a blob request.

/// Which bytes of a blob a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// All of it: no Range header, or one that RFC 9110 section 14.2 lets a server ignore.
    Whole,
    /// From the first to the last byte, both included.
    Part {
        /// Position of the first byte.
        first: usize,
        /// Position of the last byte, always within the blob.
        last: usize,
    },
    /// A well-formed range that lies outside of the blob: 416.
    Unsatisfiable,
}

impl Range {
    /// Reads a header value for a blob of `length` bytes (RFC 9110 section 14.1.2).
    ///
    /// A list of ranges, another unit and a malformed value are ignored, as section 14.2 permits.
    pub(crate) fn parse(header: Option<&str>, length: usize) -> Self {
        let Some((first, last)) =
            header.and_then(|value| value.trim().strip_prefix("bytes=")).and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        match (position(first), position(last)) {
            (Position::At(first), Position::At(last)) if first > last => Self::Whole,
            (Position::At(first), Position::At(last)) => Self::within(first, last, length),
            (Position::At(first), Position::Absent) => Self::within(first, usize::MAX, length),
            (Position::Absent, Position::At(0)) => Self::Unsatisfiable,
            (Position::Absent, Position::At(count)) => Self::within(length.saturating_sub(count), usize::MAX, length),
            _ => Self::Whole,
        }
    }

    fn within(first: usize, last: usize, length: usize) -> Self {
        if first >= length {
            return Self::Unsatisfiable;
        }
        Self::Part { first, last: last.min(length - 1) }
    }
}

enum Position {
    At(usize),
    Absent,
    Malformed,
}

fn position(text: &str) -> Position {
    if text.is_empty() {
        return Position::Absent;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Position::Malformed;
    }
    // A number too large to hold lies beyond any blob.
    Position::At(text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::Range::{self, Part, Unsatisfiable, Whole};

    #[test]
    fn edges_of_a_blob_of_ten_bytes() {
        let cases = [
            ("bytes=0-0", Part { first: 0, last: 0 }),
            ("bytes=0-9", Part { first: 0, last: 9 }),
            ("bytes=0-10", Part { first: 0, last: 9 }),
            ("bytes=9-", Part { first: 9, last: 9 }),
            ("bytes=3-5", Part { first: 3, last: 5 }),
            ("bytes=-1", Part { first: 9, last: 9 }),
            ("bytes=-10", Part { first: 0, last: 9 }),
            ("bytes=-11", Part { first: 0, last: 9 }),
            ("bytes=2-99999999999999999999999", Part { first: 2, last: 9 }),
            ("bytes=10-", Unsatisfiable),
            ("bytes=10-20", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=5-3", Whole),
            ("bytes=-", Whole),
            ("bytes=", Whole),
            ("bytes=a-b", Whole),
            ("bytes=1-2,4-5", Whole),
            ("bytes=+1-2", Whole),
            ("items=0-1", Whole),
            ("", Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(Range::parse(Some(header), 10), expected, "{header}");
        }
        assert_eq!(Range::parse(None, 10), Whole);
    }

    #[test]
    fn no_range_of_an_empty_blob_can_be_satisfied() {
        assert_eq!(Range::parse(Some("bytes=0-"), 0), Unsatisfiable);
        assert_eq!(Range::parse(Some("bytes=-5"), 0), Unsatisfiable);
        assert_eq!(Range::parse(None, 0), Whole);
    }
}
