//! The documents of STS.
//!
//! No XML declaration, two spaces of indent, a line feed at the end, the request id of the header once more in the body:
//! [argmin](https://github.com/justincormack/argmin), `scripts/aws-sts-oracle`, asserted against the live service.

/// The namespace of STS.
pub(crate) const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The namespace of errors that no operation has.
pub(crate) const FAULT: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// An element of a result.
pub(crate) enum Element {
    /// One that holds a text.
    Text(&'static str, String),
    /// One that holds elements.
    Group(&'static str, Vec<Element>),
}

impl Element {
    /// One that holds a text.
    pub(crate) fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self::Text(name, text.into())
    }

    fn write(&self, indent: usize) -> String {
        match self {
            Self::Text(name, text) => format!("{:indent$}<{name}>{}</{name}>\n", "", escaped(text)),
            Self::Group(name, elements) => {
                let inner: String = elements.iter().map(|element| element.write(indent + 2)).collect();
                format!("{:indent$}<{name}>\n{inner}{:indent$}</{name}>\n", "", "")
            }
        }
    }
}

/// The result of an operation, its elements in their order.
pub(crate) fn result(operation: &str, elements: &[Element], request_id: &str) -> String {
    let lines: String = elements.iter().map(|element| element.write(4)).collect();
    format!(
        "<{operation}Response xmlns=\"{STS}\">\n  <{operation}Result>\n{lines}  </{operation}Result>\n  \
         <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n</{operation}Response>\n"
    )
}

/// An error of the caller; one without a message has no such element.
pub(crate) fn error(namespace: &str, code: &str, message: &str, request_id: &str) -> String {
    let message = match escaped(message) {
        message if message.is_empty() => String::new(),
        message => format!("    <Message>{message}</Message>\n"),
    };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n{message}  \
         </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_laid_out_as_the_live_service_does() {
        let inner = vec![Element::text("Arn", "a"), Element::text("UserId", "u")];
        let elements = [Element::Group("AssumedRoleUser", inner), Element::text("Account", "1")];
        assert_eq!(
            result("GetCallerIdentity", &elements, "id"),
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
             <GetCallerIdentityResult>\n    <AssumedRoleUser>\n      <Arn>a</Arn>\n      <UserId>u</UserId>\n    \
             </AssumedRoleUser>\n    <Account>1</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    \
             <RequestId>id</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>\n"
        );
    }

    #[test]
    fn an_error_cannot_break_out_of_its_element() {
        assert_eq!(
            error(FAULT, "InvalidAction", "</Message>&", "id"),
            "<ErrorResponse xmlns=\"http://webservices.amazon.com/AWSFault/2005-15-09\">\n  <Error>\n    \
             <Type>Sender</Type>\n    <Code>InvalidAction</Code>\n    <Message>&lt;/Message&gt;&amp;</Message>\n  \
             </Error>\n  <RequestId>id</RequestId>\n</ErrorResponse>\n"
        );
    }

    #[test]
    fn an_error_without_a_message_has_no_such_element() {
        let document = error(STS, "MalformedInput", "", "id");
        assert!(document.contains("    <Code>MalformedInput</Code>\n  </Error>\n"), "{document}");
    }
}
