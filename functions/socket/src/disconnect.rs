//! A socket was closed.

use saoma_app::metrics::Metric;
use saoma_domain::time::Timestamp;

use crate::{
    App,
    answer::{Answer, Refused},
};

/// Answers `$disconnect`: counts how long the socket was open. API Gateway does not say whose it was, so the connection
/// stays among the watchers of its session until a message finds it closed, or the session ends.
#[expect(clippy::unnecessary_wraps, reason = "every route answers alike")]
pub(crate) fn disconnect(app: &App, opened_at: Timestamp) -> Result<Answer, Refused> {
    let now = app.service.clock.now();
    app.service.metrics.took(Metric::SocketSeconds, now.since(opened_at), now);
    Ok(Answer::done())
}
