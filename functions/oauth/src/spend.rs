//! What a request brings that may be used once: the id of an assertion or of a proof.

use saoma_domain::ports::{OneUse, Used, WriteId};
use saoma_http::Problem;

use crate::App;

/// The uses that a request is about to make, each with the refusal of a second one.
///
/// They are recorded by [`Spends::spend`], right before the step that has an effect. So a poll that finds nothing writes
/// nothing, and a request that is refused for another reason may come again as it is.
#[derive(Default)]
pub(crate) struct Spends(Vec<(OneUse, Problem)>);

impl Spends {
    /// Adds a use.
    pub(crate) fn add(&mut self, used: OneUse, again: Problem) {
        self.0.push((used, again));
    }

    /// Records the uses.
    ///
    /// # Errors
    /// The refusal of the first one that was made before, or the store's failure.
    pub(crate) async fn spend(&self, app: &App) -> Result<(), Problem> {
        for (used, again) in &self.0 {
            let write = WriteId::random(&*app.service.random);
            if app.once.use_once(used, &write).await? == Used::Before {
                return Err(again.clone());
            }
        }
        Ok(())
    }
}
