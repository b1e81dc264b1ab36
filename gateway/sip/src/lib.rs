//! SIP as pure state machines: wire, messages, transactions, dialogs, offer and answer.
