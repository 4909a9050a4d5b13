//! Numbers of JSON, as far as they reach.

/// How many bytes at the start of a text are a number; otherwise how many are, up to the one that is none, and what Go
/// says of that one.
pub(super) fn length(text: &[u8]) -> Result<usize, (usize, &'static str)> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(text.first() == Some(&b'-'));
    let whole = match text.get(sign) {
        Some(b'0') => 1,
        Some(b'1'..=b'9') => digits(sign),
        _ => return Err((sign, "in numeric literal")),
    };
    let mut end = sign + whole;
    if text.get(end) == Some(&b'.') {
        end = some(end + 1, digits(end + 1), "after decimal point in numeric literal")?;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let signed = end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        end = some(signed, digits(signed), "in exponent of numeric literal")?;
    }
    Ok(end)
}

fn some(start: usize, digits: usize, context: &'static str) -> Result<usize, (usize, &'static str)> {
    if digits == 0 { Err((start, context)) } else { Ok(start + digits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_it_ends() {
        for (text, expected) in [("0", 1), ("01", 1), ("-12,", 3), ("1.50]", 4), ("1e+9 ", 4), ("2E-0", 4)] {
            assert_eq!(length(text.as_bytes()), Ok(expected), "{text}");
        }
        assert_eq!(length(b"-"), Err((1, "in numeric literal")));
        assert_eq!(length(b"1.e"), Err((2, "after decimal point in numeric literal")));
    }
}
