//! Builds again when a file of a city pack changes: the macro that embeds the packs does not say which files it read.

fn main() {
    println!("cargo::rerun-if-changed=cities");
}
