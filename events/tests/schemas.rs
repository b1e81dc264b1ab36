//! The committed JSON Schemas are those of the types: a change of shape shows in review.

#[test]
fn committed_schemas_are_current() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let expected = dauys_events::schema::all().unwrap();
    for (name, text) in &expected {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(committed == *text, "{name} is not current: run `make generate` and look at the difference");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), expected.len(), "a schema without an event");
}
