//! A plugin that needs nothing beside it: the credential of one registry, for whoever is asked about its images.

use std::error::Error;
use std::io::{self, Read as _, Write as _};

const GROUP: &str = "credentialprovider.kubelet.k8s.io/";

fn main() -> Result<(), Box<dyn Error>> {
    let mut request = String::new();
    io::stdin().read_to_string(&mut request)?;
    let no_request = "standard input holds no CredentialProviderRequest";
    let version = text(&request, "apiVersion").filter(|version| version.starts_with(GROUP)).ok_or(no_request)?;
    let image = text(&request, "image").filter(|image| !image.is_empty()).ok_or(no_request)?;
    text(&request, "kind").filter(|kind| *kind == "CredentialProviderRequest").ok_or(no_request)?;
    let registry = variable("REGISTRY")?;
    let (kept, auth) = if image.split('/').next() == Some(&registry) {
        ("5m", format!(r#""{registry}":{}"#, credential()?))
    } else {
        ("0s", String::new())
    };
    writeln!(
        io::stdout(),
        r#"{{"kind":"CredentialProviderResponse","apiVersion":"{version}","cacheKeyType":"Registry","cacheDuration":"{kept}","auth":{{{auth}}}}}"#
    )?;
    Ok(())
}

fn credential() -> Result<String, Box<dyn Error>> {
    let password = std::fs::read_to_string(variable("REGISTRY_PASSWORD_FILE")?)?;
    Ok(format!(r#"{{"username":"{}","password":"{}"}}"#, variable("REGISTRY_USERNAME")?, password.trim_end()))
}

/// A field of a request that a kubelet wrote, which has no space between names and values.
fn text<'request>(request: &'request str, name: &str) -> Option<&'request str> {
    let (_before, rest) = request.split_once(&format!(r#""{name}":""#))?;
    rest.split('"').next()
}

#[expect(clippy::disallowed_methods, reason = "a plugin reads its environment")]
fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    std::env::var(name).map_err(|error| format!("{name}: {error}").into())
}
