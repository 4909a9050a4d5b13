//! What the pure parts of a pull cost inside the process.

fn main() {}
