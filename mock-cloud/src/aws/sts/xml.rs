//! The documents of STS.
//!
//! No XML declaration, two spaces of indent, a line feed at the end, the request id of the header once more in the body:
//! [argmin](https://github.com/justincormack/argmin), `scripts/aws-sts-oracle`, asserted against the live service.

/// The namespace of STS.
pub(crate) const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The namespace of errors that no operation has.
pub(crate) const FAULT: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// The result of an operation, its elements in their order.
pub(crate) fn result(operation: &str, elements: &[(&str, &str)], request_id: &str) -> String {
    let line = |(name, text): &(&str, &str)| format!("    <{name}>{}</{name}>\n", escaped(text));
    let lines: String = elements.iter().map(line).collect();
    format!(
        "<{operation}Response xmlns=\"{STS}\">\n  <{operation}Result>\n{lines}  </{operation}Result>\n  \
         <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n</{operation}Response>\n"
    )
}

/// An error of the caller.
pub(crate) fn error(namespace: &str, code: &str, message: &str, request_id: &str) -> String {
    let message = escaped(message);
    format!(
        "<ErrorResponse xmlns=\"{namespace}\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n    \
         <Message>{message}</Message>\n  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
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
        let elements = [("Arn", "a"), ("UserId", "u"), ("Account", "1")];
        assert_eq!(
            result("GetCallerIdentity", &elements, "id"),
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
             <GetCallerIdentityResult>\n    <Arn>a</Arn>\n    <UserId>u</UserId>\n    <Account>1</Account>\n  \
             </GetCallerIdentityResult>\n  <ResponseMetadata>\n    <RequestId>id</RequestId>\n  \
             </ResponseMetadata>\n</GetCallerIdentityResponse>\n"
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
}
