//! What a token may do: the space-separated parts of its `scp` claim.

/// One part of a scope.
///
/// Source: JFrog REST API, Create Token, `scope`; older tokens carry `member-of-groups:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Whatever the token's user may do.
    User,
    /// Everything.
    Admin,
    /// What these groups may do.
    Groups(Vec<String>),
    /// Roles in a project; the mock's world has no projects, so they grant nothing.
    Roles {
        /// The project's key.
        project: String,
        /// The roles' names.
        roles: Vec<String>,
    },
    /// A part that the mock does not know and that grants nothing.
    Other(String),
}

/// The parts of a scope.
#[must_use]
pub fn parse(scope: &str) -> Vec<Scope> {
    parts(scope).into_iter().map(part).collect()
}

/// Whether every part of a scope is one that the server knows.
#[must_use]
pub fn is_known(scope: &str) -> bool {
    let parts = parse(scope);
    !parts.is_empty() && !parts.iter().any(|part| matches!(part, Scope::Other(_)))
}

/// Whether the scope names groups and no user: such a token's subject is no user.
#[must_use]
pub fn is_group_scoped(scope: &str) -> bool {
    let parts = parse(scope);
    parts.iter().any(|part| matches!(part, Scope::Groups(_))) && !parts.contains(&Scope::User)
}

/// Splits at the spaces outside of quotes, because a group's name may hold one.
fn parts(scope: &str) -> Vec<&str> {
    let mut quoted = false;
    scope
        .split(|character| {
            quoted ^= character == '"';
            character == ' ' && !quoted
        })
        .filter(|part| !part.is_empty())
        .collect()
}

fn part(text: &str) -> Scope {
    if text == "applied-permissions/user" {
        Scope::User
    } else if text == "applied-permissions/admin" {
        Scope::Admin
    } else if let Some(groups) =
        text.strip_prefix("applied-permissions/groups:").or_else(|| text.strip_prefix("member-of-groups:"))
    {
        Scope::Groups(names(groups))
    } else if let Some((project, roles)) =
        text.strip_prefix("applied-permissions/roles:").and_then(|rest| rest.split_once(':'))
    {
        Scope::Roles { project: project.to_owned(), roles: names(roles) }
    } else {
        Scope::Other(text.to_owned())
    }
}

/// Comma-separated names, quoted or not; a comma at the end is usual.
fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_scope_is_read() {
        let cases = [
            ("applied-permissions/user", vec![Scope::User]),
            ("applied-permissions/admin", vec![Scope::Admin]),
            ("applied-permissions/groups:\"admin-group\",", vec![Scope::Groups(vec!["admin-group".into()])]),
            ("applied-permissions/groups:\"a b\",\"c\"", vec![Scope::Groups(vec!["a b".into(), "c".into()])]),
            (
                "member-of-groups:readers api:*",
                vec![Scope::Groups(vec!["readers".into()]), Scope::Other("api:*".into())],
            ),
            (
                "applied-permissions/user applied-permissions/roles:proj:\"Developer\",\"Viewer\"",
                vec![
                    Scope::User,
                    Scope::Roles { project: "proj".into(), roles: vec!["Developer".into(), "Viewer".into()] },
                ],
            ),
            ("", vec![]),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_group_scope_beside_a_user_scope_is_the_users() {
        assert!(is_group_scoped("applied-permissions/groups:\"a\""));
        assert!(!is_group_scoped("applied-permissions/user applied-permissions/groups:\"a\""));
        assert!(!is_group_scoped("applied-permissions/admin"));
    }

    #[test]
    fn a_misspelt_scope_is_not_known() {
        assert!(is_known("applied-permissions/user"));
        assert!(!is_known("applied-permission/user"));
        assert!(!is_known(""));
    }
}
