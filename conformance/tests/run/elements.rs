//! Pages of HTML as tests read them.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element of a page, and the text in it.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) tag: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Element {
    /// Whether it has this class.
    pub(crate) fn is(&self, class: &str) -> bool {
        self.attributes.get("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    }

    /// An attribute; empty where it is absent.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// Every element, read as XML, which is stricter than HTML: what is not closed, or in a wrong order, is an error.
pub(crate) fn elements(page: &str) -> Vec<Element> {
    let body = page.strip_prefix("<!doctype html>").unwrap();
    let body = without(&without(body, "<style>", "</style>"), "<script>", "</script>");
    let (mut reader, mut found, mut open) = (Reader::from_str(&body), Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(found.len());
                found.push(element(&start));
            }
            Event::Empty(start) => found.push(element(&start)),
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => write(&mut found, &open, &text),
            Event::GeneralRef(name) => {
                write(&mut found, &open, &quick_xml::escape::unescape(&format!("&{};", &*name)).unwrap());
            }
            Event::Eof => return found,
            other => panic!("{other:?}"),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Element {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        let value = quick_xml::escape::unescape(&attribute.value).unwrap().into_owned();
        (attribute.key.as_ref().to_owned(), value)
    });
    Element { tag: start.name().as_ref().to_owned(), attributes: attributes.collect(), text: String::new() }
}

fn write(found: &mut [Element], open: &[usize], text: &str) {
    for index in open {
        found[*index].text.push_str(text);
    }
}

fn without(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).unwrap();
    format!("{before}{}", rest.split_once(to).unwrap().1)
}
