//! Colour for a terminal, modestly.

/// How text is made to stand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Not at all: for files, pipes, and who asks for no colour.
    Plain,
    /// With the terminal's own colours: ECMA-48, "Select Graphic Rendition".
    Colour,
}

impl Paint {
    /// Colour on a terminal, unless the variable `NO_COLOR` has a value: <https://no-color.org>.
    #[must_use]
    pub fn for_terminal(is_terminal: bool, no_color: Option<&std::ffi::OsStr>) -> Self {
        let refused = no_color.is_some_and(|value| !value.is_empty());
        if is_terminal && !refused { Self::Colour } else { Self::Plain }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn colour_is_for_terminals_and_can_be_refused() {
        let no = |value: &'static str| Some(OsStr::new(value));
        assert_eq!(Paint::for_terminal(true, None), Paint::Colour);
        assert_eq!(Paint::for_terminal(true, no("")), Paint::Colour);
        assert_eq!(Paint::for_terminal(true, no("1")), Paint::Plain);
        assert_eq!(Paint::for_terminal(false, None), Paint::Plain);
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(Paint::Plain.bad("x"), "x");
        assert_eq!(Paint::Colour.good("x"), "\u{1b}[32mx\u{1b}[0m");
    }
}
