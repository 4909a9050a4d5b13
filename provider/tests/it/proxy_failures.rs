//! Proxies that lead nowhere: each is named, with the setting that names it.
