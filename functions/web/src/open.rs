//! Opens a new QR for a PC. The picture and the text share this.

use axum::http::{HeaderMap, HeaderValue};
use saoma_domain::{
    client::Client,
    session::{Dialect, Flow, PageState, Session},
};
use saoma_http::{
    Facts, Problem,
    cookie::ScreenKey,
    query::Query,
    screen::{self, Wanted},
};
use saoma_qr::session_text;

use crate::{App, cors};

/// A QR that was just opened for a PC.
pub(crate) struct NewQr {
    pub(crate) session: Session,
    pub(crate) key: ScreenKey,
    pub(crate) text: String,
    /// Our own address.
    pub(crate) public_url: String,
    /// The cookie that binds this PC to it; `None` when a person opened the address directly.
    pub(crate) cookie: Option<HeaderValue>,
    /// The origin of the registered page of another site that asked for it, if one did.
    pub(crate) origin: Option<HeaderValue>,
}

/// Which QRs a page can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// One that stays the same.
    Still,
    /// One that rotates.
    Rotating,
    /// Either: the client says which.
    Either,
}

impl Shows {
    /// Whether the QR of this client's page rotates. [`Client::may_open`] refuses a page that cannot show what the client wants.
    const fn rotates(self, client: &Client) -> bool {
        match self {
            Self::Still => false,
            Self::Rotating => true,
            Self::Either => client.rotates,
        }
    }
}

/// Why a browser makes the request (Fetch Metadata Request Headers, W3C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loading {
    /// A page of ours or of a client fetches it or shows it as an image, or the caller is no browser.
    ForAPage,
    /// A person opened the address directly. That must not end the QR of a page in another tab
    /// (`docs/security.md` W14).
    Navigation,
    /// The browser loads the address ahead of time.
    Prefetch,
}

impl Loading {
    /// Reads the browser's headers. A request without them counts as one for a page.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let says = |name: &str, word: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
        };
        if says("sec-purpose", "prefetch") {
            Self::Prefetch
        } else if says("sec-fetch-mode", "navigate") {
            Self::Navigation
        } else {
            Self::ForAPage
        }
    }
}

/// The page's own `state`, which the exchange of the ticket returns (`docs/security.md` K16).
fn page_state(query: &Query) -> Result<Option<PageState>, Problem> {
    const MALFORMED: Problem =
        Problem::bad_request("invalid_state", "state is 1 to 64 visible ASCII characters.");
    query.get("state").map(|raw| PageState::parse(raw).ok_or(MALFORMED)).transpose()
}

/// Opens a session for the client in the query (our own by default), if the page that asks is admitted.
pub(crate) async fn open(
    app: &App,
    facts: &Facts,
    headers: &HeaderMap,
    query: &Query,
    loading: Loading,
    shows: Shows,
) -> Result<NewQr, Problem> {
    let service = &app.service;
    let client = screen::client_in(query, service, &*app.clients, Dialect::Web, Client::DEFAULT_WEB).await?;
    let origin = cors::admit(app, facts, headers, &client)?;
    let shown_before = || {
        let public_url = service.public_url(facts.domain()).ok()?;
        ScreenKey::from_header(headers).or_else(|| ScreenKey::from_cookie(headers, &public_url))
    };
    let replaces = if loading == Loading::ForAPage { shown_before() } else { None };
    // A page cannot keep a secret, so a browser proves nothing here, and a strict client refuses it.
    let state = page_state(query)?;
    let flow = if shows.rotates(&client) { Flow::rotating_web(state) } else { Flow::web(state) };
    let wanted = Wanted { flow, client: &client, opener: None, replaces };
    let opened = screen::open(service, &app.logins, facts, wanted).await?;
    let text = session_text(&opened.public_url, opened.key.code.as_str());
    let text = text.map_err(|error| Problem::internal(error.to_string()))?;
    let cookie = (loading == Loading::ForAPage).then_some(opened.cookie);
    Ok(NewQr {
        session: opened.session,
        key: opened.key,
        text,
        public_url: opened.public_url,
        cookie,
        origin,
    })
}
