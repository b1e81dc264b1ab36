//! How events and recordings travel: the bus (embedded log or Kafka) and the recording store.
