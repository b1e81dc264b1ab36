//! Prints how long an assignment takes in a pack: `cargo run --release -p dauys-assign --example speed -- [pack]`.

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::time::Instant;

use dauys_assign::Assigner;
use dauys_config::city::City;

fn main() -> Result<(), dauys_config::city::CityError> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "samarkand".to_owned());
    let began = Instant::now();
    let city = City::embedded(&name)?;
    let loaded = began.elapsed();
    let began = Instant::now();
    let findings = city.check().len();
    let checked = began.elapsed();
    let began = Instant::now();
    let assigner = Assigner::new(&city);
    let prepared = began.elapsed();
    let (began, mut asked) = (Instant::now(), 0_u32);
    for category in &city.taxonomy.categories {
        for unit in &city.territory.units {
            asked += u32::from(!assigner.assign(&category.code, Some(&unit.code)).agency.is_empty());
        }
    }
    let each = began.elapsed() / asked.max(1);
    let phrases: usize =
        city.phrases.iter().map(|(_, book)| book.by_category.values().map(Vec::len).sum::<usize>()).sum();
    println!(
        "{name}: {} organisations, {} units, {} rules, {phrases} phrases; loaded in {loaded:?}, checked in {checked:?} \
         ({findings} findings), prepared in {prepared:?}; {asked} assignments of {each:?}",
        city.agencies.agencies.len(),
        city.territory.units.len(),
        city.agencies.rules.len(),
    );
    Ok(())
}
