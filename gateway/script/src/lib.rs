//! What the caller hears and may press: the call script as a pure state machine.
