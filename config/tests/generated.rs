//! The committed example of the settings is that of the types: a change of a key shows in review.

#[test]
fn the_committed_example_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dauys.example.toml");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let current = dauys_config::settings::example();
    assert!(committed == current, "dauys.example.toml is not current: run `make generate` and look at the difference");
}
