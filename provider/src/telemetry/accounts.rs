//! Hides the numbers of cloud accounts, which role names and resource names are full of.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

use super::AccountIds;
use super::record::Pull;

/// The length of an AWS account's number. Source: AWS account management reference, "AWS account identifiers".
const AWS_ACCOUNT: usize = 12;
/// What stands before a subscription in the name of an Azure resource. Source: Azure Resource Manager, "Resource IDs".
const SUBSCRIPTIONS: &str = "/subscriptions/";

/// Puts zeros in the place of account numbers, wherever a pull tells a text.
pub(super) fn hide(pull: &mut Pull, ids: AccountIds) {
    if ids == AccountIds::Told {
        return;
    }
    for span in pull.spans_mut() {
        hide_in(&mut span.attributes);
        span.events.iter_mut().for_each(|event| hide_in(&mut event.attributes));
        if let Some(status) = &mut span.status {
            status.message = hidden(&status.message);
        }
    }
}

fn hide_in(attributes: &mut [KeyValue]) {
    attributes.iter_mut().filter_map(|attribute| attribute.value.as_mut()).for_each(hide_in_value);
}

fn hide_in_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(Value::StringValue(text)) => *text = hidden(text),
        Some(Value::ArrayValue(list)) => list.values.iter_mut().for_each(hide_in_value),
        _ => {}
    }
}

fn hidden(text: &str) -> String {
    without_subscriptions(&without_numbers(text))
}

/// A run of exactly so many digits is one, whatever stands around it.
fn without_numbers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, digits) = rest.split_at(start);
        let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        let (digits, after) = digits.split_at(end);
        shown.push_str(before);
        shown.push_str(if digits.len() == AWS_ACCOUNT { "000000000000" } else { digits });
        rest = after;
    }
    shown + rest
}

fn without_subscriptions(text: &str) -> String {
    let mut parts = text.split(SUBSCRIPTIONS);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let end =
            part.find(|character: char| !(character.is_ascii_hexdigit() || character == '-')).unwrap_or(part.len());
        format!("{shown}{SUBSCRIPTIONS}00000000-0000-0000-0000-000000000000{}", &part[end..])
    })
}

#[cfg(test)]
mod tests {
    use super::hidden;

    #[test]
    fn account_numbers_are_zeros_and_other_numbers_stay() {
        for (text, expected) in [
            ("arn:aws:iam::111122223333:role/node", "arn:aws:iam::000000000000:role/node"),
            ("111122223333.dkr.ecr.eu-central-1.amazonaws.com", "000000000000.dkr.ecr.eu-central-1.amazonaws.com"),
            ("a111122223333", "a000000000000"),
            ("1111222233334 and 11112222333", "1111222233334 and 11112222333"),
            ("", ""),
            (
                "/subscriptions/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/resourceGroups/rg",
                "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg",
            ),
            ("/subscriptions/", "/subscriptions/00000000-0000-0000-0000-000000000000"),
            ("ünïcode 111122223333 ünïcode", "ünïcode 000000000000 ünïcode"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }
}
