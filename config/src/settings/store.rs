//! Where tickets are kept.

use super::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where tickets are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite`: a file in the data folder, for one machine. `postgres`: a PostgreSQL server.
    pub kind: StoreKind,
    /// Where the PostgreSQL URL (`postgres://user:password@host/database`) is found.
    pub postgres_url: Secret,
}

/// Which database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// A file in the data folder.
    #[default]
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}
