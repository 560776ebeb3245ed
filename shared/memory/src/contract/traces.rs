//! The calls of hosted clients that wait for answers.

use saoma_domain::{
    identity::ClientId,
    pairing::Trace,
    ports::{Randomness, Traces},
    secrets::SessionCode,
    session::TraceId,
};

use super::fixtures::at;

/// The store reads traces back as they were written.
pub async fn a_trace_is_read_as_written(traces: &dyn Traces, random: &dyn Randomness) {
    for prompt in [None, Some(SessionCode::random(random))] {
        let trace = Trace {
            id: TraceId::random(random),
            client: ClientId::parse("region-1").unwrap(),
            prompt,
            qr: SessionCode::random(random),
            created_at: at(1),
            expires_at: at(900),
        };
        assert_eq!(traces.trace(&trace.id).await.unwrap(), None);
        traces.begin(&trace).await.unwrap();
        assert_eq!(traces.trace(&trace.id).await.unwrap(), Some(trace));
    }
}
