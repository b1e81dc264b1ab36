//! Callers: the test phone, and later the storm.
