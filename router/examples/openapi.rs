//! Writes the OpenAPI document to standard output: `cargo run -p dauys-router --example openapi > router/openapi.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(dauys_router::api::openapi().as_bytes())
}
