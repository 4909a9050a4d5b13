//! The JSON documents of the metadata service, in its own layout: two spaces, a space on either side of the colon, no
//! line feed at the end.

use serde_json::Value;

/// Writes an object of texts and nulls in the order given.
pub(crate) fn document(fields: &[(&str, Value)]) -> String {
    let lines: Vec<String> = fields.iter().map(|(name, value)| format!("  \"{name}\" : {value}")).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_laid_out_as_recorded() {
        let fields = [("Code", json!("Success")), ("kernelId", Value::Null)];
        assert_eq!(document(&fields), "{\n  \"Code\" : \"Success\",\n  \"kernelId\" : null\n}");
    }
}
