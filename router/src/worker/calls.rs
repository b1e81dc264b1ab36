//! Calls, as they start and end, for the figures.

use super::transcripts::setback;
use super::{Handle, Setback};
use crate::store::Store;
use async_trait::async_trait;
use dauys_bus::Delivery;
use dauys_events::CallEvent;
use std::sync::Arc;

/// Keeps calls.
pub struct Calls {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl Handle for Calls {
    fn stage(&self) -> &'static str {
        "figures"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), Setback> {
        let event = delivery.event::<CallEvent>()?.data;
        self.store.record_call(&event).await.map_err(setback)
    }
}
