//! Values become fields as `sigs.k8s.io/json` does it: case matters, and what is too much is remembered.
//!
//! Upstream: `UnmarshalStrict` and `UnmarshalCaseSensitivePreserveInts` of <https://github.com/kubernetes-sigs/json>.
//! A field given twice is read twice into the same place, so that parts of the first may remain, as in Go.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Json;
use crate::kubelet::duration::GoDuration;
use crate::kubelet::go_text::quoted;

/// How many problems are remembered.
const MOST: usize = 100;

/// What JSON is read into.
pub(in crate::kubelet) trait FromJson {
    /// Reads a value into the place, which keeps what the value does not say.
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError>;
}

/// A value of the wrong type, or a duration that is none; the words are Go's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(in crate::kubelet) struct TypeError(String);

/// One decode: where it is, and what strictness would object to.
#[derive(Debug, Default)]
pub(in crate::kubelet) struct Reader {
    path: String,
    structure: &'static str,
    absent: &'static [&'static str],
    objections: Vec<String>,
}

impl Reader {
    /// A decode for which some fields are unknown, at whatever place.
    pub(in crate::kubelet) fn without(absent: &'static [&'static str]) -> Self {
        Self { absent, ..Self::default() }
    }

    /// What a strict decode fails with.
    pub(in crate::kubelet) fn objections(self) -> Vec<String> {
        self.objections
    }

    /// Reads the fields of a structure; `field` answers `None` for a name that it does not know.
    pub(in crate::kubelet) fn structure(
        &mut self,
        name: &'static str,
        value: &Json,
        mut field: impl FnMut(&str, &Json, &mut Self) -> Option<Result<(), TypeError>>,
    ) -> Result<(), TypeError> {
        let fields = match value {
            Json::Null => return Ok(()),
            Json::Object(fields) => fields,
            other => return Err(self.mismatch(other, name)),
        };
        let (outer, mut seen) = (std::mem::replace(&mut self.structure, name), Vec::new());
        for (name, value) in fields {
            // Twice is told before the value is looked at, unknown without looking at it.
            let at = self.objections.len();
            if seen.contains(&name) {
                self.object("duplicate field", name);
            }
            let is_absent = self.absent.contains(&name.as_str());
            let read = if is_absent { None } else { self.within(name, |reader| field(name, value, reader)) };
            if let Some(read) = read {
                read?;
                seen.push(name);
            } else {
                self.objections.truncate(at);
                self.object("unknown field", name);
            }
        }
        self.structure = outer;
        Ok(())
    }

    /// Reads what a name or a place in a list stands for.
    pub(in crate::kubelet) fn within<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 && !name.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = read(self);
        self.path.truncate(length);
        result
    }

    fn object(&mut self, problem: &str, name: &str) {
        let dot = if self.path.is_empty() { "" } else { "." };
        let objection = format!("{problem} {}", quoted(&format!("{}{dot}{name}", self.path)));
        if self.objections.len() < MOST && !self.objections.contains(&objection) {
            self.objections.push(objection);
        }
    }

    /// What is said of a value of another type.
    pub(in crate::kubelet) fn mismatch(&self, value: &Json, wanted: &str) -> TypeError {
        let field = match self.path.as_str() {
            "" => "value".to_owned(),
            path => format!("struct field {}.{}", self.structure, without_indices(path)),
        };
        TypeError(format!("json: cannot unmarshal {} into Go {field} of type {wanted}", value.name()))
    }
}

/// Go's errors name fields only, not places in lists.
fn without_indices(path: &str) -> String {
    let name = |part: &str| part.split('[').next().unwrap_or_default().to_owned();
    path.split('.').map(name).collect::<Vec<_>>().join(".")
}

impl FromJson for String {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        match value {
            Json::Null => {}
            Json::Text(text) => self.clone_from(text),
            other => return Err(reader.mismatch(other, "string")),
        }
        Ok(())
    }
}

impl FromJson for bool {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        match value {
            Json::Null => {}
            Json::Bool(value) => *self = *value,
            other => return Err(reader.mismatch(other, "bool")),
        }
        Ok(())
    }
}

impl FromJson for GoDuration {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        let mut text = String::new();
        text.read(value, reader)?;
        *self = Self::parse(&text).map_err(|error| TypeError(error.to_string()))?;
        Ok(())
    }
}

/// A pointer, which `null` clears.
impl<T: FromJson + Default> FromJson for Option<T> {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        match value {
            Json::Null => *self = None,
            value => self.get_or_insert_default().read(value, reader)?,
        }
        Ok(())
    }
}

/// A slice, which `null` clears.
impl<T: FromJson + Default> FromJson for Vec<T> {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        let values = match value {
            Json::Null => &[][..],
            Json::List(values) => values,
            other => return Err(reader.mismatch(other, "[]string")),
        };
        self.resize_with(values.len(), T::default);
        for (position, (place, value)) in self.iter_mut().zip(values).enumerate() {
            reader.within(&format!("[{position}]"), |reader| place.read(value, reader))?;
        }
        Ok(())
    }
}

/// A map, which `null` clears; each value is read into a fresh place.
impl<T: FromJson + Default> FromJson for BTreeMap<String, T> {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        let fields = match value {
            Json::Null => {
                self.clear();
                return Ok(());
            }
            Json::Object(fields) => fields,
            other => return Err(reader.mismatch(other, "map[string]string")),
        };
        let mut seen = Vec::new();
        for (name, value) in fields {
            if seen.contains(&name) {
                reader.object("duplicate field", name);
            }
            seen.push(name);
            let mut place = T::default();
            reader.within(name, |reader| place.read(value, reader))?;
            self.insert(name.clone(), place);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Thing {
        name: String,
        is_set: Option<bool>,
        parts: Vec<Thing>,
        by_key: BTreeMap<String, Thing>,
    }

    impl FromJson for Thing {
        fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
            reader.structure("Thing", value, |name, value, reader| match name {
                "name" => Some(self.name.read(value, reader)),
                "isSet" => Some(self.is_set.read(value, reader)),
                "parts" => Some(self.parts.read(value, reader)),
                "byKey" => Some(self.by_key.read(value, reader)),
                _ => None,
            })
        }
    }

    fn read(text: &str) -> Result<(Thing, Vec<String>), String> {
        let (mut thing, mut reader) = (Thing::default(), Reader::default());
        let json = Json::parse(text.as_bytes()).unwrap();
        thing.read(&json, &mut reader).map_err(|error| error.to_string())?;
        Ok((thing, reader.objections()))
    }

    #[test]
    fn objections_name_the_place() {
        let text =
            r#"{"parts":[{},{"x":1,"name":"a","name":"b"}],"byKey":{"k":{"Name":"a"},"k":{}},"y":{"z":1},"y":2}"#;
        let (thing, objections) = read(text).unwrap();
        assert_eq!(thing.parts[1].name, "b");
        let expected = [
            r#"unknown field "parts[1].x""#,
            r#"duplicate field "parts[1].name""#,
            r#"unknown field "byKey.k.Name""#,
            r#"duplicate field "byKey.k""#,
            r#"unknown field "y""#,
        ];
        assert_eq!(objections, expected);
    }

    #[test]
    fn a_wrong_type_names_field_and_types() {
        let error = |text: &str| read(text).unwrap_err();
        assert_eq!(error("[]"), "json: cannot unmarshal array into Go value of type Thing");
        let field = "json: cannot unmarshal number into Go struct field Thing.parts.name of type string";
        assert_eq!(error(r#"{"parts":[{"name":1}]}"#), field);
        assert_eq!(
            error(r#"{"isSet":"true"}"#),
            "json: cannot unmarshal string into Go struct field Thing.isSet of type bool"
        );
    }

    #[test]
    fn null_clears_pointers_lists_and_maps_and_leaves_strings() {
        let (thing, _) =
            read(r#"{"name":"a","name":null,"isSet":true,"isSet":null,"parts":[{}],"parts":null}"#).unwrap();
        assert_eq!(thing, Thing { name: "a".to_owned(), ..Thing::default() });
    }

    #[test]
    fn what_is_given_twice_is_read_into_the_same_place() {
        let text =
            r#"{"byKey":{"a":{"name":"1"}},"byKey":{"b":{}},"parts":[{"name":"x"},{}],"parts":[{"isSet":false}]}"#;
        let (thing, _) = read(text).unwrap();
        assert_eq!(thing.by_key.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(thing.parts, [Thing { name: "x".to_owned(), is_set: Some(false), ..Thing::default() }]);
    }
}
