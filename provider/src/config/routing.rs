//! Which route serves an image: the one whose pattern is closest, wherever it stands.
//!
//! # Why not the first that matches?
//! A file grows, and is put together from parts. The order of its routes must not decide who gets a credential, so two
//! patterns of different routes between which only the order could decide are an error.

use super::{Config, ConfigError, Overlap, Route};
use crate::image::{ImagePattern, ImageRef, Precedence};
use crate::telemetry::step;

/// A route that matches an image, and by which of its patterns.
#[derive(Clone, Copy, Debug)]
pub struct Match<'c> {
    /// The route's place in the file, from 1.
    pub place: usize,
    /// The route.
    pub route: &'c Route,
    /// The pattern; `None` where the route is for every image.
    pub pattern: Option<&'c ImagePattern>,
}

impl Match<'_> {
    fn is_closer_than(&self, other: &Self) -> bool {
        match (self.pattern, other.pattern) {
            (Some(own), Some(other)) => own.precedence(other) == Precedence::Closer,
            (own, other) => own.is_some() && other.is_none(),
        }
    }
}

impl Config {
    /// The route that serves an image.
    #[must_use]
    pub fn route(&self, image: &ImageRef) -> Option<&Route> {
        let found = self.closest(image)?;
        step::routed(&found);
        Some(found.route)
    }

    /// The closest of all patterns that match an image.
    ///
    /// Patterns of one route may be equally close. Of two routes one is closer, or the configuration would not be one; so
    /// that every order of comparing them ends at the same route.
    #[must_use]
    pub fn closest(&self, image: &ImageRef) -> Option<Match<'_>> {
        self.matches(image).reduce(|best, next| if next.is_closer_than(&best) { next } else { best })
    }

    /// Every pattern that matches an image, in the order of the file.
    pub fn matches(&self, image: &ImageRef) -> impl Iterator<Item = Match<'_>> {
        self.patterns().filter(|found| found.pattern.is_none_or(|pattern| pattern.matches(image.as_str())))
    }

    /// Every pattern of every route, the closer ones first.
    #[must_use]
    pub fn by_precedence(&self) -> Vec<Match<'_>> {
        let mut all: Vec<_> = self.patterns().collect();
        let closer_than = |one: &Match<'_>| self.patterns().filter(|other| other.is_closer_than(one)).count();
        // What is closer than a pattern is closer than whatever that one is closer than: counting them puts it first.
        all.sort_by_cached_key(closer_than);
        all
    }

    fn patterns(&self) -> impl Iterator<Item = Match<'_>> {
        self.routes.iter().enumerate().flat_map(|(index, route)| {
            let patterns = route.images.patterns();
            let every = patterns.is_empty().then_some(None);
            let patterns = patterns.iter().map(Some).chain(every);
            patterns.map(move |pattern| Match { place: index + 1, route, pattern })
        })
    }
}

/// Refuses two routes between which only their order could decide.
pub(super) fn refuse_overlap(routes: &[Route]) -> Result<(), ConfigError> {
    let placed =
        || routes.iter().zip(1..).flat_map(|(route, place)| route.images.patterns().iter().map(move |it| (place, it)));
    for (place, pattern) in placed() {
        for (other_place, other) in placed().filter(|(other_place, _)| *other_place > place) {
            let (Precedence::Same | Precedence::Ambiguous) = pattern.precedence(other) else { continue };
            return Err(ConfigError::Overlap(Box::new(Overlap {
                places: [place, other_place],
                patterns: [pattern.clone(), other.clone()],
                image: pattern.shared_image(other).unwrap_or_default(),
            })));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Environment;

    fn load(routes: &[Vec<String>]) -> Result<Config, ConfigError> {
        let route = |(index, patterns): (usize, &Vec<String>)| {
            let patterns = serde_json::to_string(patterns).expect("JSON");
            format!("  - {{matchImages: {patterns}, static: {{username: '{index}', password: p}}}}\n")
        };
        let routes: String = routes.iter().enumerate().map(route).collect();
        crate::config::file::parse(&format!("routes:\n{routes}"), &Environment::default())
    }

    fn owned(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|text| (*text).to_owned()).collect()
    }

    fn image(text: &str) -> ImageRef {
        ImageRef::parse(text).expect(text)
    }

    #[test]
    fn the_closest_route_serves_wherever_it_stands() {
        let mut routes = vec![
            owned(&["*.example.com"]),
            owned(&["acme.example.com"]),
            owned(&["acme.example.com/team", "other.example.com:5000"]),
            owned(&["a*.example.com"]),
        ];
        let table = [
            ("acme.example.com/team/app", Some("acme.example.com/team")),
            ("acme.example.com/x", Some("acme.example.com")),
            ("abc.example.com/team", Some("a*.example.com")),
            ("other.example.com/x", Some("*.example.com")),
            ("other.example.com:5000/x", Some("other.example.com:5000")),
            ("acme.example.com:5000/x", None),
        ];
        for _ in 0..routes.len() {
            routes.rotate_left(1);
            let config = load(&routes).expect("a configuration");
            for (name, pattern) in table {
                let found = config.closest(&image(name)).map(|found| found.pattern.expect("a pattern").as_str());
                assert_eq!(found, pattern, "{name}");
            }
        }
    }

    #[test]
    fn two_routes_of_which_neither_is_closer_are_refused_with_an_image() {
        for (one, other, shared) in [
            ("acme.example.com", "acme.example.com/", "acme.example.com/app"),
            ("a*.example.com", "*b.example.com/team", "ab.example.com/team"),
            ("*.a.io", "b.*.io", "b.a.io/app"),
        ] {
            let routes = [owned(&["first.io"]), owned(&["quay.io", one]), owned(&[other])];
            let Err(ConfigError::Overlap(overlap)) = load(&routes) else { panic!("{one} {other}") };
            assert_eq!((overlap.places, overlap.image.as_str()), ([2, 3], shared));
            assert_eq!(overlap.patterns.each_ref().map(ImagePattern::as_str), [one, other]);
        }
    }

    #[test]
    fn within_one_route_patterns_may_overlap() {
        let config = load(&[owned(&["a*.io", "*b.io", "a*.io"]), owned(&["*.io"])]).expect("a configuration");
        assert_eq!(config.closest(&image("ab.io/x")).expect("a route").place, 1);
        assert_eq!(config.closest(&image("c.io/x")).expect("a route").place, 2);
    }

    #[test]
    fn a_closer_pattern_stands_before_a_wider_one() {
        let routes = [owned(&["*.*.io", "b.a.io"]), owned(&["*.a.io", "b.a.io/team"])];
        let config = load(&routes).expect("a configuration");
        let order: Vec<_> =
            config.by_precedence().iter().map(|found| found.pattern.expect("a pattern").as_str()).collect();
        assert_eq!(order, ["b.a.io/team", "b.a.io", "*.a.io", "*.*.io"]);
    }

    fn any_routes() -> impl Strategy<Value = Vec<Vec<String>>> {
        let pattern = "[ab*]{1,3}\\.(x|\\*)(:1)?(/t|/t/u)?";
        prop::collection::vec(prop::collection::vec(pattern, 1..3), 1..5)
    }

    proptest! {
        #[test]
        fn the_chosen_pattern_matches_and_no_other_is_closer(routes in any_routes(), name in "[ab]{1,3}\\.(x|a)(:1)?/t(/u|/v)?") {
            let (Ok(config), image) = (load(&routes), image(&name)) else { return Ok(()) };
            let Some(found) = config.closest(&image) else {
                prop_assert!(config.routes.iter().all(|route| !route.serves(&image)));
                return Ok(());
            };
            prop_assert!(found.pattern.expect("a pattern").matches(&name));
            prop_assert!(!config.matches(&image).any(|other| other.is_closer_than(&found)));
        }

        /// The order of the routes says nothing where they are accepted; where they are not, it is all that could decide.
        #[test]
        fn routes_are_accepted_if_no_order_of_them_changes_who_serves(
            routes in any_routes(), names in prop::collection::vec("[ab]{1,3}\\.(x|a)(:1)?/t(/u|/v)?", 16), turns in 0_usize..4,
        ) {
            match load(&routes) {
                Ok(config) => {
                    let mut turned = routes.clone();
                    turned.rotate_left(turns % routes.len());
                    turned.swap(0, routes.len() - 1);
                    let turned = load(&turned).expect("the same routes");
                    for name in &names {
                        let served = |config: &Config| config.route(&image(name)).map(|route| route.images.clone());
                        prop_assert_eq!(served(&config), served(&turned), "{}", name);
                    }
                }
                Err(ConfigError::Overlap(overlap)) => {
                    let [one, other] = &overlap.patterns;
                    prop_assert!(one.matches(&overlap.image) && other.matches(&overlap.image));
                    prop_assert!(!matches!(one.precedence(other), Precedence::Closer | Precedence::Farther | Precedence::Apart));
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }
}
