//! Nodes with IPv6 only or with both families.
