//! A page of another site signs people in by our calls: exactly the page that `docs/web.md` shows.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    browser::Language::English,
    operator::make_client,
    people::Person,
    phone::fresh_number,
    proxy::{Proxy, of_the_gateway},
    service::{Service, eventually},
};

/// A site with one page and one script.
pub(crate) struct Site {
    pub(crate) origin: String,
    listener: TcpListener,
}

impl Site {
    /// An address at which no server answers yet.
    pub(crate) async fn found() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { origin: format!("http://localhost:{port}"), listener }
    }

    /// The client whose pages stand here; its id.
    async fn registered(&self, service: &Service) -> String {
        self.registered_with(service, &[]).await.0
    }

    /// The same, with more settings; its id and its secret.
    pub(crate) async fn registered_with(&self, service: &Service, settings: &[&str]) -> (String, String) {
        let id = format!("site-{}", &fresh_number()[3..]);
        let page = format!("PAGE={}/in", self.origin);
        let origin = format!("ORIGIN={}", self.origin);
        let settings = settings.iter().map(|setting| (*setting).to_owned());
        let words = [format!("ID={id}"), "NAME=Another site".to_owned(), page, origin];
        let printed = make_client(service, &words.into_iter().chain(settings).collect::<Vec<_>>()).await;
        (id, printed.secret())
    }

    /// Answers everything with this page.
    pub(crate) fn shows(self, page: &str) {
        self.serves(&Files { page: page.to_owned(), ..Files::default() });
    }

    /// Answers every path that ends in `.js` with the script, and every other with the page. Gives what the site is told by
    /// `POST`.
    pub(crate) fn serves(self, files: &Files) -> Arc<Mutex<Vec<String>>> {
        let (page, script) = (files.answer("html", &files.page), files.answer("javascript", &files.script));
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = self.listener.accept().await {
                let request = Box::pin(whole_request(&mut stream)).await;
                if let (true, Some((_, body))) =
                    (request.starts_with("POST "), request.split_once("\r\n\r\n"))
                {
                    told.lock().unwrap().push(body.to_owned());
                }
                let path = request.split(' ').nth(1).unwrap_or_default();
                let is_script = path.rsplit('.').next() == Some("js");
                let answer = if is_script { &script } else { &page };
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        heard
    }
}

/// What a site serves, all under one content security policy.
#[derive(Clone, Default)]
pub(crate) struct Files {
    /// The policy; none when it is empty.
    pub(crate) policy: String,
    pub(crate) page: String,
    pub(crate) script: String,
}

impl Files {
    fn answer(&self, kind: &str, body: &str) -> String {
        let policy = match self.policy.as_str() {
            "" => String::new(),
            policy => format!("content-security-policy: {policy}\r\n"),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/{kind}; charset=utf-8\r\nconnection: close\r\n{policy}"
        );
        format!("{head}content-length: {}\r\n\r\n{body}", body.len())
    }
}

/// A request with its body, which browsers send in a piece of its own.
async fn whole_request(stream: &mut tokio::net::TcpStream) -> String {
    let (mut request, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let count = stream.read(&mut piece).await.unwrap_or_default();
        request.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let length = text
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.parse().ok());
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if count == 0 || body.is_some_and(|body| body >= length.unwrap_or(0)) {
            return text;
        }
    }
}

/// The page in our documentation, for the service at this address and for this client.
fn documented_page(url: &str, client: &str) -> String {
    let docs = include_str!("../../docs/web.md");
    let page = docs.split("```html\n").nth(1).unwrap().split("```").next().unwrap();
    let (address, id) = ("'https://login.example.com'", "'my-shop'");
    assert!(page.contains(address) && page.contains(id), "{page}");
    page.replace(address, &format!("'{url}'")).replace(id, &format!("'{client}'"))
}

// W3: also when API Gateway is the first to answer.
#[tokio::test]
async fn a_page_of_another_site_signs_in_as_the_documentation_says() {
    let person = Person::at_a_blank_screen(English).await;
    let site = Site::found().await;
    let origin = site.origin.clone();
    let client = site.registered(&person.service).await;
    let busy = |number, answer| if number == 0 { of_the_gateway("503 Service Unavailable") } else { answer };
    let proxy = Proxy::before(&person.service, "GET /qr/code", busy).await;
    site.shows(&documented_page(&proxy.url, &client));

    person.screen.go_to(&format!("{origin}/")).await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    assert_eq!(phone.text("client-name").await, "Another site"); // I1
    person.agrees(&phone).await;
    phone.reaches("confirmed").await;
    let arrived = async || {
        let address = person.screen.address().await;
        address.starts_with(&format!("{origin}/in?ticket=")).then_some(())
    };
    eventually("the page of the site, with a ticket", arrived).await;
    assert!(proxy.count() >= 2, "the page asked again");
}
