//! Scan: a phone reads the code and claims the session.

use super::{Logins, StepError, Target, logins::FoundForPhone};
use crate::{
    identity::Approver,
    session::{Claim, Command, Ext, Session},
    time::Timestamp,
};

impl Logins {
    /// Claims the session for the phone of `by`. The first phone wins; scanning again with the same phone
    /// changes nothing. A session whose client refuses is unknown to the phone. One whose QR rotates is claimed only by a phone
    /// that saw it on the screen.
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
        let scanned = self.scan_as(target, &by, ext, now).await;
        self.refused(scanned, Some(&by.phone), by.address)
    }

    async fn scan_as(
        &self,
        target: &Target,
        by: &Approver,
        ext: Ext,
        now: Timestamp,
    ) -> Result<Session, StepError> {
        let FoundForPhone { session, phone, watchers } = self.find_for(target, by, now).await?;
        // A stale proof hinders no scan: the phone learns who asks, and proves itself before it confirms.
        let _ = self.allow(&session, phone, now).await?;
        let claim = Claim { by: by.phone.clone(), at: now.whole_secs() };
        let scan = Command::Scan(claim, ext, target.sighting.clone());
        self.advance(session, &scan, by.address, &watchers, now).await
    }
}
