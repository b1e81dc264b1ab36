//! The bus that the settings name.

use crate::{Bus, BusError, EmbeddedBus, EmbeddedOptions, KafkaBus};
use dauys_config::settings::{self, BusKind};
use std::path::Path;
use std::sync::Arc;

/// Opens the bus that the settings name: the embedded log in the data folder, or a Kafka cluster, which need not be there
/// yet.
///
/// # Errors
/// [`BusError::Refused`] where another process uses the data folder or the settings cannot be used,
/// [`BusError::Unavailable`] where the disk does not let the log be opened.
pub async fn connect(settings: &settings::Bus, data: &Path) -> Result<Arc<dyn Bus>, BusError> {
    match settings.kind {
        BusKind::Embedded => Ok(Arc::new(EmbeddedBus::open(data, EmbeddedOptions::default()).await?)),
        BusKind::Kafka => Ok(Arc::new(KafkaBus::new(&settings.kafka)?)),
    }
}
