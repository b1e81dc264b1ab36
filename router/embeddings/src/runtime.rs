//! ONNX Runtime itself: a shared library that is loaded once a process, when a model is first wanted.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use crate::error::EmbeddingsError;

/// Names the library where no setting does; ONNX Runtime's own tools use the same name.
const VARIABLE: &str = "ORT_DYLIB_PATH";
/// What the system's loader is asked for where nothing names a library.
const USUAL: &str = "libonnxruntime.so";

/// ONNX Runtime allows one environment a process.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// Gives the environment, loading the library where that was not done yet. A second call with another library gets the first.
pub(crate) fn environment(library: Option<&Path>) -> Result<Environment, EmbeddingsError> {
    let mut held = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = held.as_ref() {
        return Ok(environment.clone());
    }
    let library = find(library)?;
    let refused = |reason: String| EmbeddingsError::Library { library: library.clone(), reason };
    let builder = ort::init_from(&library).map_err(|error| refused(error.to_string()))?;
    let made = builder.with_name("dauys").with_telemetry(false).build();
    let environment = made.map_err(|error| refused(error.to_string()))?;
    *held = Some(environment.clone());
    Ok(environment)
}

/// Finds the library: the setting, the variable, or whatever the system's loader finds under the usual name.
fn find(setting: Option<&Path>) -> Result<PathBuf, EmbeddingsError> {
    let variable = || std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(named) = setting.map(Path::to_owned).or_else(variable) else { return Ok(PathBuf::from(USUAL)) };
    // `ort` takes a relative path from the program's folder; ours count from the one in which dauys is started.
    let whole = std::fs::canonicalize(&named);
    whole.map_err(|error| EmbeddingsError::Library { library: named, reason: error.to_string() })
}
