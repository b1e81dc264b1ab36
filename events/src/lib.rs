//! What flows between the rooms: events, ids and topics.
