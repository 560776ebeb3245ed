//! The calls of hosted clients that wait for answers.

use async_trait::async_trait;
use saoma_domain::{
    pairing::Trace,
    ports::{StoreError, Traces},
    session::TraceId,
};

use super::Memory;

#[async_trait]
impl Traces for Memory {
    async fn begin(&self, trace: &Trace) -> Result<(), StoreError> {
        self.call(|data| {
            data.traces.insert(trace.id.clone(), trace.clone());
        })
    }

    async fn trace(&self, id: &TraceId) -> Result<Option<Trace>, StoreError> {
        self.call(|data| data.traces.get(id).cloned())
    }
}
