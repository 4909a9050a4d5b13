//! The query of a request, in order and with duplicates, which some services refuse.

use axum::extract::Query as Form;
use http::Uri;

/// The parameters of a query, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query; `+` is a space.
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let uri = Uri::builder().path_and_query(format!("/?{}", query.unwrap_or_default()));
        let form = uri.build().ok().and_then(|uri| Form::try_from_uri(&uri).ok());
        Self(form.map(|Form(parameters)| parameters).unwrap_or_default())
    }

    /// Answers the first value of a parameter, which can be empty.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        let parameter = self.0.iter().find(|(key, _)| key == name);
        parameter.map(|(_, value)| value.as_str())
    }

    /// Answers a name that occurs more than once.
    pub(crate) fn duplicate(&self) -> Option<&str> {
        let names = || self.0.iter().map(|(key, _)| key.as_str());
        names().find(|name| names().filter(|it| it == name).count() > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_the_first_of_a_name_counts() {
        let query = Query::parse(Some("a=b%2Fc+d&e=&a=second"));
        assert_eq!(query.first("a"), Some("b/c d"));
        assert_eq!(query.first("e"), Some(""));
        assert_eq!(query.first("f"), None);
        assert_eq!(query.duplicate(), Some("a"));
    }

    #[test]
    fn an_absent_query_has_nothing() {
        assert_eq!(Query::parse(None), Query::default());
        assert_eq!(Query::parse(Some("a=1&b=2")).duplicate(), None);
    }
}
