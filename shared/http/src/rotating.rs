//! The QRs that a screen shows one after the other (`docs/web.md`).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use saoma_app::Service;
use saoma_domain::{
    rotation::{EVERY, frame_tags},
    session::Session,
    time::Timestamp,
};
use saoma_qr::{Frames, Level, session_text};
use serde::Serialize;

use crate::Problem;

/// All frames of a session's QR. Only the answer that opens the session holds them: a caller who scans, polls or knows the
/// code gets none (`docs/security.md` L7).
#[derive(Serialize)]
pub struct Rotating {
    /// How many seconds each frame is shown.
    every: u64,
    /// How many seconds ago the session was opened.
    age: u64,
    /// Modules along one side of each symbol.
    size: usize,
    /// The modules that are dark in every frame: bits, row by row, in base64url.
    still: String,
    /// The modules that differ between frames.
    moving: String,
    /// One frame after the other: whether its modules that differ are dark, in their order.
    frames: String,
    /// One tag of five letters after the other: what the frame's text has behind the code and a dash.
    tags: String,
}

impl Rotating {
    /// The frames of a session that rotates; `None` for another.
    ///
    /// # Errors
    /// 500 for an address that fits into no QR.
    pub fn of(
        service: &Service,
        public_url: &str,
        session: &Session,
        now: Timestamp,
    ) -> Result<Option<Self>, Problem> {
        if !session.flow.rotates() {
            return Ok(None);
        }
        let tags: Vec<String> =
            frame_tags(&*service.keys, session).iter().map(|tag| tag.as_str().to_owned()).collect();
        let drawn = || {
            let text = session_text(public_url, session.code.as_str())?;
            let texts: Vec<String> = tags.iter().map(|tag| format!("{text}-{tag}")).collect();
            Frames::encode(&texts, Level::M)
        };
        let frames = drawn().map_err(|error: saoma_qr::QrError| Problem::internal(error.to_string()))?;
        Ok(Some(Self {
            every: EVERY.as_secs(),
            age: age(session, now).unwrap_or_default(),
            size: frames.size(),
            still: URL_SAFE_NO_PAD.encode(frames.still()),
            moving: URL_SAFE_NO_PAD.encode(frames.moving()),
            frames: URL_SAFE_NO_PAD.encode(frames.frames()),
            tags: tags.concat(),
        }))
    }
}

/// How many seconds ago a session was opened, for the screen of one that rotates; `None` for another.
#[must_use]
pub fn age(session: &Session, now: Timestamp) -> Option<u64> {
    session.flow.rotates().then(|| now.since(session.created_at).as_secs())
}
