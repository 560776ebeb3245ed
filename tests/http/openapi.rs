//! `/openapi.json`: the description of every route.

use acceptance::{Call, Description, World};

use crate::events::{calls, deployed};

const OPENAPI: &str = "/openapi.json";

#[tokio::test]
async fn the_description_is_served_to_tools_on_any_page() {
    let world = World::default();
    let plain = world.call(Call::get(OPENAPI)).await;
    assert_eq!((plain.status.as_u16(), plain.header("content-type")), (200, "application/json"));
    assert_eq!(plain.header("access-control-allow-origin"), "*");
    assert_eq!(plain.header("cache-control"), "public, max-age=300");
    assert_eq!(
        (&plain.json()["openapi"], &plain.json()["servers"][0]["url"]),
        (&"3.1.0".into(), &"/".into())
    );
    let packed = world.call(Call::get(OPENAPI).header("accept-encoding", "gzip, br")).await;
    assert_eq!(packed.header("content-encoding"), "br");
    assert!(packed.body.len() * 5 < plain.body.len());
    let known = world.call(Call::get(OPENAPI).header("if-none-match", plain.header("etag"))).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
}

#[test]
fn the_description_has_the_routes_of_the_template() {
    let bare = deployed().into_iter().map(|(function, route)| (function, route.replace("{proxy+}", "")));
    assert_eq!(Description::served().routes(), bare.collect());
}

/// Each place in which a request may bring what its route does not name.
#[test]
fn a_request_with_more_than_is_described_is_found() {
    const MORE: [&str; 4] = ["channel", "authorization", "saoma-browser", "a"];
    let faults = |call: &Call| {
        let operation = Description::served().operation(call.method(), call.path()).unwrap();
        operation.faults_of_event(&call.described_event())
    };
    let form = |rest: &str| {
        let form = format!("grant_type=refresh_token&refresh_token=x&client_id=tv{rest}");
        Call::post("/oauth/token").body("application/x-www-form-urlencoded", &form)
    };
    let described = form("").header("dpop", "x").cookie("theme=dark").header("authorization", "Basic eDp5");
    assert_eq!(faults(&described), Vec::<String>::new());
    for (call, fault) in [
        (form("").header("channel", "x"), "the header parameter channel is not described"),
        (form("").bearer("x"), "the header parameter authorization is not described"),
        (form("").cookie("saoma-browser=x"), "the cookie parameter saoma-browser is not described"),
        (form("&a=x"), "\"\": Unevaluated properties are not allowed ('a' was unexpected)"),
        (Call::get("/qr/login?a=x"), "the query parameter a is not described"),
    ] {
        assert_eq!(faults(&call), [fault]);
        assert_eq!(faults(&call.ignored(&MORE)), Vec::<String>::new(), "{fault}");
    }
}

#[test]
fn the_golden_events_are_as_described() {
    for (name, event) in calls() {
        let (method, path) = event["routeKey"].as_str().unwrap().split_once(' ').unwrap();
        let path = path.replace("{proxy+}", "");
        let operation = Description::served().operation(method, &path).unwrap();
        assert_eq!(operation.faults_of_event(&event), Vec::<String>::new(), "{name}");
    }
}
