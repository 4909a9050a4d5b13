//! Any text as variables, `name=value` in lines: they are refused or understood.
#![no_main]

use artifactory_credential_provider::config::{Config, Environment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let Ok(config) = Config::load(None, &environment) else { return };
    assert_eq!(config.routes.len(), 1, "the environment is one route");
});
