//! Pages of HTML that ask nobody for anything.
//!
//! Markup is written by this program and is `&'static str`; everything else is text and comes in escaped, so that what a
//! plugin wrote can be shown but never acts. A policy in the page says the same to the browser: only this style and this
//! script, each by its hash, and no request at all (Content Security Policy Level 3,
//! <https://www.w3.org/TR/CSP3/>).
//!
//! The markup is well-formed XML as well, so that a test can read it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// A picture for the tab that needs no request.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle \
    cx='8' cy='8' r='7' fill='%231f6f4a'/%3E%3Cpath d='M4.5 8.2l2.4 2.4 4.6-5' fill='none' stroke='white' \
    stroke-width='1.8'/%3E%3C/svg%3E";

/// What a fragment cannot hold as it is: <https://url.spec.whatwg.org/#fragment-percent-encode-set>, and `%` itself.
const FRAGMENT: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'%').add(b'[').add(b']').add(b'#');

/// Attributes of an element.
pub(crate) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// The inside of a page.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

/// A whole page.
pub(crate) fn document(title: &str, body: impl FnOnce(&mut Html)) -> String {
    let policy = format!(
        "default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let mut html = Html(String::from("<!doctype html>\n"));
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| {
            html.void("meta", &[("charset", "utf-8")]);
            html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
            html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
            html.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
            html.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
            html.leaf("title", &[], title);
            html.void("link", &[("rel", "icon"), ("href", ICON)]);
            html.element("style", &[], |html| html.0.push_str(STYLE));
        });
        html.element("body", &[], |html| {
            body(html);
            html.element("script", &[], |html| html.0.push_str(SCRIPT));
        });
    });
    html.0.push('\n');
    html.0
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// The id of an element: a name without space, which no id may hold.
pub(crate) fn id(name: &str) -> String {
    name.split_ascii_whitespace().collect::<Vec<_>>().join("_")
}

/// A link to the element of that name in the same page.
pub(crate) fn fragment(name: &str) -> String {
    format!("#{}", utf8_percent_encode(&id(name), FRAGMENT))
}

impl Html {
    /// An element with what is in it.
    pub(crate) fn element(&mut self, tag: &'static str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.open(tag, attributes);
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element with text only.
    pub(crate) fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// An element that has no inside.
    pub(crate) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
        self.0.push_str("/>");
    }

    /// Text, whatever is in it.
    pub(crate) fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                _ => self.0.push(visible(character)),
            }
        }
    }

    /// Text between the quotes of an attribute.
    fn value(&mut self, text: &str) {
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                self.0.push_str("&quot;");
            }
            self.text(part);
        }
    }

    /// Text in which what begins with `https://` or `http://` is a link.
    pub(crate) fn linked(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, url, after)) = first_url(rest) {
            self.text(before);
            self.leaf("a", &[("href", url), ("rel", "noreferrer noopener")], url);
            rest = after;
        }
        self.text(rest);
    }

    /// Text in which what stands between backticks is code.
    pub(crate) fn coded(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, (code, after))) = rest.split_once('`').and_then(|(a, b)| Some((a, b.split_once('`')?)))
        {
            self.text(before);
            self.leaf("code", &[], code);
            rest = after;
        }
        self.text(rest);
    }

    /// A line's end, for who reads the source.
    pub(crate) fn line(&mut self) {
        self.0.push('\n');
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.value(value);
            self.0.push('"');
        }
    }
}

/// What is before an address, it, and what is after it.
fn first_url(text: &str) -> Option<(&str, &str, &str)> {
    let starts = ["https://", "http://"].into_iter().filter_map(|scheme| text.find(scheme));
    let (before, from) = text.split_at(starts.min()?);
    let end = from.find(|character: char| character.is_whitespace() || "\"<>`".contains(character));
    let url = from[..end.unwrap_or(from.len())].trim_end_matches(['.', ',', ';', ':', ')', '\'']);
    Some((before, url, &from[url.len()..]))
}

/// What cannot be seen, or turns the text around it, as something that can be seen: Unicode, "Control Pictures" and
/// "Bidirectional Character Types".
fn visible(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{25c7}',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(write: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        write(&mut html);
        html.0
    }

    #[test]
    fn markup_in_a_text_is_text() {
        let attack = "</script><img src=x onerror=\"alert(1)\"> & 'so'";
        let shown = "&lt;/script&gt;&lt;img src=x onerror=\"alert(1)\"&gt; &amp; 'so'";
        assert_eq!(html(|html| html.text(attack)), shown);
        let value = shown.replace('"', "&quot;");
        assert_eq!(html(|html| html.leaf("p", &[("title", attack)], "")), format!("<p title=\"{value}\"></p>"));
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        let text = "\u{1b}[31m red\r\n\0\x7f\u{9b}1m \u{202e}drow\u{2069}\ttab";
        let shown = "␛[31m red␍\n␀␡\u{fffd}1m ◇drow◇\ttab";
        assert_eq!(html(|html| html.text(text)), shown);
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        let link = |url: &str| format!("<a href=\"{url}\" rel=\"noreferrer noopener\">{url}</a>");
        for (text, shown) in [
            ("RFC 9110, section 15.5", "RFC 9110, section 15.5".to_owned()),
            ("javascript:alert(1)", "javascript:alert(1)".to_owned()),
            ("https://a.example/b", link("https://a.example/b")),
            ("see https://a.example, x; http://b.example.", {
                format!("see {}, x; {}.", link("https://a.example"), link("http://b.example"))
            }),
            ("https://a.example/\"onclick=x", format!("{}\"onclick=x", link("https://a.example/"))),
            ("https://a.example/?a=1&b=2", {
                let url = "https://a.example/?a=1&amp;b=2";
                link(url)
            }),
        ] {
            assert_eq!(html(|html| html.linked(text)), shown);
        }
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        for (text, shown) in [
            ("no `a`, but `<b>`", "no <code>a</code>, but <code>&lt;b&gt;</code>"),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
            ("``", "<code></code>"),
        ] {
            assert_eq!(html(|html| html.coded(text)), shown);
        }
    }

    #[test]
    fn a_fragment_leads_to_any_name() {
        assert_eq!(id("wire/version[v1  %]"), "wire/version[v1_%]");
        assert_eq!(fragment("wire/version[v1  %]"), "#wire/version%5Bv1_%25%5D");
    }

    #[test]
    fn style_and_script_are_those_that_the_policy_names() {
        let page = document("x", |_| {});
        assert!(page.contains(&hash(STYLE)) && page.contains(&hash(SCRIPT)));
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }
}
