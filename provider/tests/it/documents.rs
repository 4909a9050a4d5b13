//! What the README says is what the program does.
