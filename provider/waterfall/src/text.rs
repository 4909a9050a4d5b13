//! What fits into a line.

/// A text without characters that steer a terminal; it may come from a service's reply.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// A name below `depth` others.
pub(super) fn indented(depth: usize, name: &str) -> String {
    format!("{}{}", "  ".repeat(depth), printable(name))
}

/// A text of at most `width` characters; what was longer has `~` in place of what is gone, with a third of the rest
/// behind it: the end of a request's label is how it was answered.
pub(super) fn cut(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let tail = kept / 3;
    text.chars().take(kept - tail).chain(['~']).chain(text.chars().skip(length - tail)).collect()
}

/// A text in lines of at most `width` characters, each after `indent` blanks. A longer word is cut into lines.
pub(super) fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let room = width.saturating_sub(indent).max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(printable) {
        let fits = |line: &String| line.chars().count() + 1 + word.chars().count() <= room;
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => {
                line.push(' ');
                line.push_str(&word);
            }
            None => lines.extend(pieces(&word, room)),
        }
    }
    lines.into_iter().map(|line| format!("{}{line}", " ".repeat(indent))).collect()
}

fn pieces(word: &str, room: usize) -> Vec<String> {
    let characters: Vec<_> = word.chars().collect();
    characters.chunks(room).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!((cut("abc", 3).as_str(), cut("abcd", 3).as_str(), cut("ab", 1).as_str()), ("abc", "ab~", "~"));
        assert_eq!(cut("GET a.test/path (200)", 16), "GET a.test~(200)");
    }

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(wrapped("one two three", 2, 9), ["  one two", "  three"]);
        assert_eq!(wrapped("abcdefgh ij", 1, 5), [" abcd", " efgh", " ij"]);
        assert_eq!(wrapped("", 1, 5), Vec::<String>::new());
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(indented(1, "a\u{1b}[2Jb\n"), "  a[2Jb");
    }
}
