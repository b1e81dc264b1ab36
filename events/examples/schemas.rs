//! Writes the JSON Schemas of all events into the folder given: `cargo run -p dauys-events --example schemas -- events/schemas`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("give the folder to write to")?;
    for (name, text) in dauys_events::schema::all()? {
        std::fs::write(std::path::Path::new(&folder).join(name), text)?;
    }
    Ok(())
}
