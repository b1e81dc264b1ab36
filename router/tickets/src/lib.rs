//! The life of a ticket: its states, its clocks, who may do what.
