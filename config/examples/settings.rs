//! Prints the example settings file: `cargo run -p dauys-config --example settings > config/dauys.example.toml`.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

fn main() {
    print!("{}", dauys_config::settings::example());
}
