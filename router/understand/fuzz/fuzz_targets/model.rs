//! Any bytes as a model file, also under a checksum that fits: a model or an error.
#![no_main]

use std::sync::LazyLock;

use dauys_config::city::City;
use dauys_understand::Model;
use libfuzzer_sys::fuzz_target;

static CITY: LazyLock<City> = LazyLock::new(|| City::embedded("shymkent").expect("the pack loads"));

fuzz_target!(|data: &[u8]| {
    let _ = Model::from_bytes(&CITY, data);
    let mut bytes = b"DAUYSMW2".to_vec();
    bytes.extend_from_slice(data);
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_le_bytes());
    if let Ok(model) = Model::from_bytes(&CITY, &bytes) {
        assert_eq!(model.to_bytes().len(), bytes.len());
    }
});
