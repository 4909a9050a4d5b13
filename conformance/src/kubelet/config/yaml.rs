//! YAML as `sigs.k8s.io/yaml` turns it into JSON.
//!
//! Upstream: <https://github.com/kubernetes-sigs/yaml> on <https://github.com/yaml/go-yaml> version 2. The grammar is
//! that of YAML 1.2 where the two differ; words are those of 1.1.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use granit_parser::{Event, Parser, ScalarStyle, Tag};
use thiserror::Error;

use super::super::go_text::quoted;
use super::super::json::Json;
use super::scalar;

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::kubelet) enum YamlError {
    #[error("yaml: invalid leading UTF-8 octet")]
    Encoding,
    #[error("yaml: line {line}: {problem}")]
    Syntax { line: usize, problem: String },
    #[error("yaml: {0}")]
    Value(String),
}

/// How deep values may lie in one another; upstream allows 10,000, which no configuration needs.
const DEEPEST: usize = 100;

/// How many values aliases may repeat.
const MOST_REPEATED: usize = 100_000;

#[derive(Debug)]
enum Node {
    Scalar { text: String, is_plain: bool, tag: Option<String>, line: usize },
    List(Vec<Rc<Node>>, usize),
    Map(Vec<(Rc<Node>, Rc<Node>)>, usize),
}

/// The first document, and what strictness has against its keys.
pub(super) fn first_document(content: &[u8]) -> Result<(Json, Option<String>), YamlError> {
    let mut repeated = Vec::new();
    let node = Loader::new(content)?.document()?;
    let json = match node {
        Some(node) => Converter { repeated: &mut repeated, left: MOST_REPEATED }.value(&node)?,
        None => Json::Null,
    };
    let objection = (!repeated.is_empty()).then(|| format!("yaml: unmarshal errors:\n  {}", repeated.join("\n  ")));
    Ok((json, objection))
}

/// Every document, for files that hold several objects.
pub(in crate::kubelet) fn documents(content: &[u8]) -> Result<Vec<Json>, YamlError> {
    let (mut loader, mut documents) = (Loader::new(content)?, Vec::new());
    while let Some(node) = loader.document()? {
        documents.push(Converter { repeated: &mut Vec::new(), left: MOST_REPEATED }.value(&node)?);
    }
    Ok(documents)
}

struct Loader<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, Rc<Node>>,
    depth: usize,
}

impl<'a> Loader<'a> {
    fn new(content: &'a [u8]) -> Result<Self, YamlError> {
        let text = std::str::from_utf8(content).map_err(|_not_text| YamlError::Encoding)?;
        Ok(Self { events: Parser::new_from_str(text), anchors: BTreeMap::new(), depth: 0 })
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, usize)>, YamlError> {
        loop {
            match self.events.next_event() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok(Some((event, span.start.line()))),
                Some(Err(error)) => {
                    let (line, problem) = (error.marker().line(), error.info());
                    return Err(YamlError::Syntax { line, problem });
                }
            }
        }
    }

    /// The next document; `None` if there is none.
    fn document(&mut self) -> Result<Option<Rc<Node>>, YamlError> {
        while let Some((event, line)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(None),
                event => return self.node(event, line).map(Some),
            }
        }
        Ok(None)
    }

    fn node(&mut self, event: Event<'a>, line: usize) -> Result<Rc<Node>, YamlError> {
        if self.depth == DEEPEST {
            return Err(YamlError::Syntax { line, problem: "exceeded max depth".to_owned() });
        }
        self.depth += 1;
        let node = self.node_within(event, line);
        self.depth -= 1;
        node
    }

    fn node_within(&mut self, event: Event<'a>, line: usize) -> Result<Rc<Node>, YamlError> {
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let (is_plain, tag) = (style == ScalarStyle::Plain, tag.as_deref().map(short));
                (anchor, Node::Scalar { text: text.into_owned(), is_plain, tag, line })
            }
            Event::SequenceStart(_, anchor, _) => (anchor, self.list(line)?),
            Event::MappingStart(_, anchor, _) => (anchor, self.map(line)?),
            Event::Alias(anchor) => {
                let itself = || YamlError::Value("anchor value contains itself".to_owned());
                return self.anchors.get(&anchor).cloned().ok_or_else(itself);
            }
            _ => return Err(YamlError::Syntax { line, problem: "did not find expected node content".to_owned() }),
        };
        let node = Rc::new(node);
        self.anchors.insert(anchor, Rc::clone(&node));
        Ok(node)
    }

    fn list(&mut self, line: usize) -> Result<Node, YamlError> {
        let mut values = Vec::new();
        while let Some((event, line)) = self.next()? {
            match event {
                Event::SequenceEnd => break,
                event => values.push(self.node(event, line)?),
            }
        }
        Ok(Node::List(values, line))
    }

    fn map(&mut self, line: usize) -> Result<Node, YamlError> {
        let mut fields = Vec::new();
        while let Some((event, at)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let name = self.node(event, at)?;
            let Some((event, at)) = self.next()? else { break };
            fields.push((name, self.node(event, at)?));
        }
        Ok(Node::Map(fields, line))
    }
}

fn short(tag: &Tag) -> String {
    tag.core_suffix().map_or_else(|| format!("{}{}", tag.handle(), tag.suffix()), |suffix| format!("!!{suffix}"))
}

/// From nodes to values; `repeated` collects what a strict reader has against keys.
struct Converter<'a> {
    repeated: &'a mut Vec<String>,
    left: usize,
}

impl Converter<'_> {
    fn value(&mut self, node: &Node) -> Result<Json, YamlError> {
        let excessive = || YamlError::Value("document contains excessive aliasing".to_owned());
        self.left = self.left.checked_sub(1).ok_or_else(excessive)?;
        match node {
            Node::Scalar { text, is_plain, tag, .. } => tagged(text, *is_plain, tag.as_deref()),
            Node::List(values, _) => {
                values.iter().map(|value| self.value(value)).collect::<Result<_, _>>().map(Json::List)
            }
            Node::Map(fields, _) => {
                let mut map = BTreeMap::new();
                self.fields(fields, &mut map)?;
                let mut fields: Vec<(String, Json)> = map.into_values().collect();
                fields.sort_by(|one, other| one.0.cmp(&other.0));
                Ok(Json::Object(fields))
            }
        }
    }

    /// Puts fields into a map whose keys tell words from quoted texts.
    fn fields(
        &mut self,
        fields: &[(Rc<Node>, Rc<Node>)],
        map: &mut BTreeMap<(&'static str, String), (String, Json)>,
    ) -> Result<(), YamlError> {
        for (name, value) in fields {
            if is_merge(name) {
                self.merge(value, map)?;
                continue;
            }
            let key = self.value(name)?;
            let Some(text) = key_text(&key) else {
                return Err(YamlError::Value(format!("unsupported map key: {}", key.name())));
            };
            let converted = self.value(value)?;
            let identity = (key.name(), text.clone());
            if map.contains_key(&identity) {
                let shown = if key.name() == "string" { quoted(&text) } else { text.clone() };
                self.repeated.push(format!("line {}: key {shown} already set in map", line(value)));
                // Strictly, the first would stay; the decode fails then anyway.
            }
            map.insert(identity, (text, converted));
        }
        Ok(())
    }

    fn merge(
        &mut self,
        value: &Node,
        map: &mut BTreeMap<(&'static str, String), (String, Json)>,
    ) -> Result<(), YamlError> {
        let unfit = || YamlError::Value("map merge requires map or sequence of maps as the value".to_owned());
        let sources: Vec<&Node> = match value {
            Node::Map(..) => vec![value],
            Node::List(values, _) => values.iter().rev().map(Rc::as_ref).collect(),
            Node::Scalar { .. } => return Err(unfit()),
        };
        for source in sources {
            let Node::Map(fields, _) = source else { return Err(unfit()) };
            self.fields(fields, map)?;
        }
        Ok(())
    }
}

fn is_merge(name: &Node) -> bool {
    matches!(name, Node::Scalar { text, is_plain, tag, .. }
        if text == "<<" && (*is_plain && tag.is_none() || tag.as_deref() == Some("tag:yaml.org,2002:merge")))
}

fn line(node: &Node) -> usize {
    match node {
        Node::Scalar { line, .. } | Node::List(_, line) | Node::Map(_, line) => *line,
    }
}

/// What a key becomes in JSON; lists, maps and nothing are no keys.
fn key_text(key: &Json) -> Option<String> {
    match key {
        Json::Text(text) | Json::Number(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

/// A scalar with its tag, which for most is none.
fn tagged(text: &str, is_plain: bool, tag: Option<&str>) -> Result<Json, YamlError> {
    let as_text = || Json::Text(text.to_owned());
    let value = match tag {
        None if !is_plain => return Ok(as_text()),
        None => return finite(scalar::resolved(text)),
        Some("tag:yaml.org,2002:binary" | "!!binary") => return binary(text),
        Some("!!bool" | "!!int" | "!!float" | "!!null") => scalar::resolved(text),
        Some(_) => return Ok(as_text()),
    };
    let is_fit = match tag {
        Some("!!bool") => matches!(value, Json::Bool(_)),
        Some("!!null") => value == Json::Null,
        _ => matches!(value, Json::Number(_)),
    };
    let unfit = || YamlError::Value(format!("cannot decode `{text}` as a {}", tag.unwrap_or_default()));
    if is_fit { finite(value) } else { Err(unfit()) }
}

/// JSON has no infinity.
fn finite(value: Json) -> Result<Json, YamlError> {
    match &value {
        Json::Number(number) if number.contains(['i', 'I', 'n', 'N']) => {
            Err(YamlError::Value(format!("json: unsupported value: {number}")))
        }
        _ => Ok(value),
    }
}

fn binary(text: &str) -> Result<Json, YamlError> {
    let bytes = STANDARD.decode(text.replace(['\n', '\r'], ""));
    let bytes =
        bytes.map_err(|_no_base64| YamlError::Value("!!binary value contains invalid base64 data".to_owned()))?;
    Ok(Json::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Option<String>), String> {
        let (json, objection) = first_document(text.as_bytes()).map_err(|error| error.to_string())?;
        Ok((shown(&json), objection))
    }

    fn shown(json: &Json) -> String {
        match json {
            Json::Null => "null".to_owned(),
            Json::Bool(value) => value.to_string(),
            Json::Number(number) => number.clone(),
            Json::Text(text) => quoted(text),
            Json::List(values) => format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(",")),
            Json::Object(fields) => {
                let field = |(name, value): &(String, Json)| format!("{}:{}", quoted(name), shown(value));
                format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
            }
        }
    }

    fn value(text: &str) -> String {
        read(text).unwrap().0
    }

    #[test]
    fn only_the_first_document_counts_and_none_is_null() {
        assert_eq!(value("a: 1\n---\nb: ["), r#"{"a":1}"#);
        assert_eq!(value("# nothing\n"), "null");
        assert_eq!(documents(b"a: 1\n---\nb: 2\n").unwrap().len(), 2);
    }

    #[test]
    fn keys_become_texts_and_are_sorted() {
        assert_eq!(value("b: x\na: 'y'\n010: z\nyes: no\n"), r#"{"8":"z","a":"y","b":"x","true":false}"#);
        assert!(read("? [a]\n: b\n").is_err());
        assert!(read("~: b\n").is_err());
    }

    #[test]
    fn aliases_repeat_and_merge_keys_fill_in() {
        assert_eq!(value("a: &x [1, 2]\nb: *x\n"), r#"{"a":[1,2],"b":[1,2]}"#);
        let (json, objection) = read("base: &b {x: 1, w: 2}\nuse: {<<: *b, z: 3}\n").unwrap();
        assert_eq!((json.as_str(), objection), (r#"{"base":{"w":2,"x":1},"use":{"w":2,"x":1,"z":3}}"#, None));
        assert!(read("a: &a [*a]\n").is_err());
        assert!(read("<<: 1\n").is_err());
    }

    #[test]
    fn a_key_given_twice_counts_last_and_is_told() {
        let (json, objection) = read("a: 1\nb: 2\na: 3\n").unwrap();
        assert_eq!(json, r#"{"a":3,"b":2}"#);
        let words = "yaml: unmarshal errors:\n  line 3: key \"a\" already set in map";
        assert_eq!(objection.as_deref(), Some(words));
    }

    #[test]
    fn tags_decide_before_words_do() {
        assert_eq!(
            value("[!!str 1, '1', !!float 1, !!int '0x10', !mine 1, !!binary aGk=]"),
            r#"["1","1",1,16,"1","hi"]"#
        );
        for bad in ["!!int x", "!!bool 1", ".inf", "!!binary '*'", "\"\\", "a: b: c"] {
            assert!(read(bad).is_err(), "{bad} {:?}", read(bad));
        }
        assert_eq!(first_document(b"a: \xff").unwrap_err(), YamlError::Encoding);
    }

    #[test]
    fn depth_ends() {
        let nested = |levels: usize| read(&("[".repeat(levels) + &"]".repeat(levels)));
        assert!(nested(DEEPEST).is_ok());
        assert!(nested(100 * DEEPEST).is_err());
    }

    #[test]
    fn aliases_of_aliases_end() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let one = format!("*a{}", level - 1);
            let line = format!("a{level}: &a{level} [{}]\n", vec![one; 10].join(", "));
            text.push_str(&line);
        }
        assert_eq!(read(&text).unwrap_err(), "yaml: document contains excessive aliasing");
    }
}
