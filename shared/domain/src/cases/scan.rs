//! Scan: a phone reads the code and claims the session.

use super::{Logins, StepError, Target};
use crate::{
    identity::Approver,
    session::{Claim, Command, Ext, Session},
    time::Timestamp,
};

impl Logins {
    /// Claims the session for the phone of `by`. The first phone wins; scanning again with the same phone
    /// changes nothing. To a phone whose app the session's client does not admit, the session is unknown.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn scan(
        &self,
        target: &Target,
        by: Approver,
        ext: Ext,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        let session = self.find_for(target, &by, now).await?;
        self.admit(&session, &by).await?;
        let claim = Claim { by: by.phone, at: now.whole_secs() };
        self.advance(session, &Command::Scan(claim, ext), now).await
    }
}
