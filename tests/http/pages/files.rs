//! The pages themselves, and the files they are made of.

use std::io::Read;

use acceptance::{Answer, Call, World};
use saoma_domain::session::Session;

use super::kiosk;
use crate::web::{Pc, let_in, sessions};

const PAGES: [&str; 12] = [
    "/",
    // What a client asked for stands behind the `#`, which browsers send to no server.
    "/authorize",
    "/authorize/here",
    "/device",
    "/account",
    "/q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "/Q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "/phone",
    "/phone?client=my-shop&state=x",
    "/downloads.html",
    "/welcome",
    "/welcome?ticket=x",
];

async fn page(world: &World, path: &str) -> Answer {
    let answer = world.call(Call::get(path)).await;
    assert_eq!(answer.status, 200, "{path} {}", answer.whole());
    answer
}

fn html(answer: Answer) -> String {
    String::from_utf8(answer.body).unwrap()
}

// W5
#[tokio::test]
async fn every_page_is_html_under_a_strict_policy() {
    let world = World::default();
    for path in PAGES {
        let answer = page(&world, path).await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; child-src 'self'; \
             frame-src 'none'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        );
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            // W16: a page holds no state, but the address of /welcome holds a ticket.
            ("cache-control", if path.starts_with("/welcome") { "no-store" } else { "no-cache" }),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
}

// W5
#[tokio::test]
async fn no_page_holds_a_script_a_style_or_anything_from_elsewhere() {
    let world = World::default();
    for path in PAGES {
        let html = html(page(&world, path).await).to_lowercase();
        for script in html.split("<script").skip(1) {
            let (tag, rest) = script.split_once('>').unwrap();
            assert!(tag.contains("src=\"/assets/") && rest.starts_with("</script>"), "{path}: {tag}");
        }
        let attributes = html.split(['<', '>']).flat_map(|tag| tag.split_whitespace().skip(1));
        for attribute in attributes.filter(|word| word.contains('=')) {
            assert!(!attribute.starts_with("on"), "{path}: {attribute}");
            assert!(!attribute.starts_with("style="), "{path}: {attribute}");
        }
        for inline in
            ["<style", "javascript:", "http://", "https://", "src=\"//", "href=\"//", "<base", "<iframe"]
        {
            assert!(!html.contains(inline), "{path}: {inline}");
        }
    }
}

/// The files that a page loads, by the ending of their names.
fn linked(html: &str, ending: &str) -> Vec<String> {
    let links = html.split('"').filter(|text| text.starts_with("/assets/"));
    links.filter(|link| link.ends_with(ending)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_page_loads_one_script_and_one_style_sheet() {
    let world = World::default();
    for path in PAGES {
        let html = html(page(&world, path).await);
        let (scripts, styles) = (linked(&html, ".js"), linked(&html, ".css"));
        assert_eq!((scripts.len(), styles.len(), linked(&html, "").len()), (1, 1, 2), "{path}");
        let scripts = scripts.iter().map(|script| (script, "text/javascript"));
        for (file, kind) in scripts.chain(styles.iter().map(|style| (style, "text/css"))) {
            let hash = file.rsplit_once('.').unwrap().0.rsplit_once('-').unwrap().1;
            assert!(hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{file}");
            let answer = page(&world, file).await;
            assert_eq!(answer.header("content-type"), format!("{kind}; charset=utf-8"), "{file}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{file}");
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
            let content = String::from_utf8(answer.body).unwrap();
            assert!(!content.contains("import{") && !content.contains("from'./"), "{file} loads another");
            // W10: names are shown as text, never as markup.
            for sink in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
            {
                assert!(!content.contains(sink), "{file}: {sink}");
            }
        }
    }
    assert_eq!(page(&world, "/favicon.ico").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn files_and_pages_are_sent_compressed_to_those_who_take_it() {
    let world = World::default();
    let html = html(page(&world, "/").await);
    for path in ["/".to_owned(), linked(&html, ".js").remove(0), linked(&html, ".css").remove(0)] {
        let plain = page(&world, &path).await;
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
        for (accepted, coding) in
            [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")]
        {
            let call = Call::get(&path).header("accept-encoding", accepted);
            let answer = world.call(call).await;
            assert_eq!(
                (answer.header("content-encoding"), answer.header("vary")),
                (coding, "accept-encoding")
            );
            assert!(answer.body.len() * 2 < plain.body.len(), "{path} {coding}");
            assert_eq!(expanded(coding, &answer.body), plain.body, "{path} {coding}");
        }
    }
}

fn expanded(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    match coding {
        "br" => brotli::BrotliDecompress(&mut &*body, &mut content).unwrap(),
        _ => drop(flate2::read::GzDecoder::new(body).read_to_end(&mut content).unwrap()),
    }
    content
}

#[tokio::test]
async fn a_page_that_the_browser_still_has_is_not_sent_again() {
    let world = World::default();
    for path in ["/", "/phone", "/q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ"] {
        let first = page(&world, path).await;
        let etag = first.header("etag").to_owned();
        let again = world.call(Call::get(path).header("if-none-match", &etag)).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
        assert_eq!((again.header("etag"), again.header("cache-control")), (etag.as_str(), "no-cache"));
        let other = world.call(Call::get(path).header("if-none-match", "W/\"0000000000000000\"")).await;
        assert_eq!((other.status.as_u16(), other.body), (200, first.body), "{path}");
    }
    // Its address holds a ticket.
    assert_eq!(page(&world, "/welcome").await.header("etag"), "");
}

// F14
#[tokio::test]
async fn a_script_of_another_deployment_has_the_page_loaded_once_more() {
    let world = World::default();
    for file in ["screen-0123456789abcdef.js", "phone-fedcba9876543210.js"] {
        let answer = page(&world, &format!("/assets/{file}")).await;
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        let script = html(answer);
        assert!(script.contains("location.reload()") && script.len() < 300, "{script}");
    }
}

#[tokio::test]
async fn there_is_no_other_file() {
    let world = World::default();
    for file in [
        "x.js",
        "screen.js",
        "app.css",
        "app.css.map",
        "app-0123456789abcdef.css",
        "welcome-0123456789abcdef.js",
        "screen-0123456789ABCDEF.js",
        "screen-0.js",
        "..%2Fsrc%2Flib.rs",
        "APP.CSS",
        "index.html",
    ] {
        world.call(Call::get(&format!("/assets/{file}"))).await.problem(404, "not_found");
    }
    world.call(Call::get("/assets/../Cargo.toml")).await.problem(404, "no_such_route");
}

// W2 W15
#[tokio::test]
async fn opening_a_code_changes_nothing_and_tells_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let used = Pc::open(&world).await;
    let_in(&world, &person, &used).await;
    let before = sessions(&world);
    let unknown = page(&world, "/q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ").await;
    for code in
        [&pc.code, &pc.code.to_lowercase(), &used.code, &kiosk(&world, "BM05").await.0, &"x".to_owned()]
    {
        for place in ["q", "Q"] {
            let call = Call::get(&format!("/{place}/{code}")).bearer(&person.token).cookie(&pc.cookie);
            let answer = world.call(call.ignored(&["authorization", "__Host-saoma-qr"])).await;
            assert_eq!((answer.whole(), answer.body), (unknown.whole(), unknown.body.clone()), "{code}");
        }
    }
    for step in ["scan", "confirm", "cancel"] {
        let call = Call::get(&format!("/q/{}/{step}", pc.code)).bearer(&person.token).cookie(&pc.cookie);
        assert_eq!(world.call(call).await.status, 405);
    }
    let unchanged = |session: &Session| before.iter().find(|b| b.code == session.code) == Some(session);
    assert_eq!(sessions(&world).iter().filter(|session| unchanged(session)).count(), 2);
}
