//! The pages themselves, and the files they are made of.

use acceptance::{Answer, Call, World};
use saoma_domain::session::Session;

use super::kiosk;
use crate::web::{Pc, let_in, sessions};

const PAGES: [&str; 7] = [
    "/",
    "/q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "/Q/ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "/phone",
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
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        );
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"), // W16
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

#[tokio::test]
async fn every_file_that_a_page_links_to_is_served_with_its_type() {
    let world = World::default();
    let mut files: Vec<String> = Vec::new();
    for path in PAGES {
        let html = html(page(&world, path).await);
        for link in html.split('"').filter(|text| text.starts_with("/assets/")).map(str::to_owned) {
            if !files.contains(&link) {
                files.push(link);
            }
        }
    }
    let mut next = 0;
    while let Some(file) = files.get(next).cloned() {
        let answer = page(&world, &file).await;
        let kind = match file.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(answer.header("content-type"), kind, "{file}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{file}");
        assert_eq!(answer.header("cache-control"), "public, max-age=300", "{file}");
        let content = html(answer);
        // W10: names are shown as text, never as markup.
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!content.contains(sink), "{file}: {sink}");
        }
        let imports = content.lines().filter_map(|line| line.split_once("from './")?.1.split('\'').next());
        for import in imports.map(|import| format!("/assets/{import}")) {
            if !files.contains(&import) {
                files.push(import);
            }
        }
        next += 1;
    }
    assert!(files.len() >= 12, "{files:?}");
    assert_eq!(page(&world, "/favicon.ico").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn there_is_no_other_file() {
    let world = World::default();
    for file in ["x.js", "app.css.map", "..%2Fsrc%2Flib.rs", "APP.CSS", "index.html"] {
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
            let answer = world.call(call).await;
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
