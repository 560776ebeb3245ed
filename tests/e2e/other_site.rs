//! A page of another site signs people in by our calls: exactly the page that `docs/web.md` shows.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    browser::Language::English,
    operator::make_client,
    people::Person,
    phone::fresh_number,
    service::{Service, eventually},
};

/// A site with one page.
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
        let id = format!("site-{}", &fresh_number()[3..]);
        let page = format!("PAGE={}/in", self.origin);
        let origin = format!("ORIGIN={}", self.origin);
        make_client(service, &[format!("ID={id}"), "NAME=Another site".to_owned(), page, origin]).await;
        id
    }

    /// Answers everything with this page.
    pub(crate) fn shows(self, page: &str) {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{page}", page.len());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = self.listener.accept().await {
                let mut request = [0; 16 * 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
    }
}

/// The page in our documentation, for this service and client.
fn documented_page(service: &Service, client: &str) -> String {
    let docs = include_str!("../../docs/web.md");
    let page = docs.split("```html\n").nth(1).unwrap().split("```").next().unwrap();
    let (address, id) = ("'https://login.example.com'", "'my-shop'");
    assert!(page.contains(address) && page.contains(id), "{page}");
    page.replace(address, &format!("'{}'", service.url)).replace(id, &format!("'{client}'"))
}

// W3
#[tokio::test]
async fn a_page_of_another_site_signs_in_as_the_documentation_says() {
    let person = Person::at_a_blank_screen(English).await;
    let site = Site::found().await;
    let origin = site.origin.clone();
    let client = site.registered(&person.service).await;
    site.shows(&documented_page(&person.service, &client));

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
}
