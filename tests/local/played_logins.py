"""One whole login of each contract, played call by call: screen, phone and server."""

import time
from urllib.parse import parse_qs, urlsplit

from processes import Failure

PACE = 1.05  # seconds between two polls: as soon as the service allows; people's screens wait for 2
POLLS_BEFORE_SCAN, POLLS_BEFORE_CONFIRM = 4, 3  # and one that takes the token: about 20 s at 2 s each
SCANNED_AFTER, CONFIRMED_AFTER = 12, 19  # seconds after the QR appeared; the next poll takes what the screen gets
EARLY = 0.9  # seconds that a device's poll may lack of its interval: the service takes one that lacks a second
SITE, REGION, SCREEN = "bench-site", "bench-region", "bench-screen"
BACK = "https://site.example/cb"  # where the code of SCREEN goes
# The clients, as an operator registers them.
CLIENTS = (
    {"id": SITE, "name": "Site", "page": "https://site.example/signed-in"},
    {"id": REGION, "name": "Region", "dialect": "remembered"},
    {
        "id": SCREEN, "name": "Screen", "dialect": "oauth", "redirects": [BACK],
        "grants": ["authorization_code", "device_code", "refresh_token"],
    },
)  # fmt: skip
# A secret and its SHA-256, those of RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def kiosk_login(stage):
    """A machine shows a QR and polls; a mini-program scans it and binds."""
    created = stage.call("kiosk-create").json()
    stage.call("kiosk-image", parameters={"file": created["codeUrl"].rsplit("/", 1)[1]})
    session, phone = {"id": created["id"]}, {"token": stage.phone_token}

    def poll(status):
        time.sleep(PACE)
        answer = stage.call("kiosk-status", parameters=session, headers={"token": created["pollToken"]}).json()
        must_be(answer["codeStatus"], status)
        return answer

    for _ in range(POLLS_BEFORE_SCAN):
        poll("DEFAULT")
    stage.call("kiosk-scan", parameters=session, headers=phone)
    for _ in range(POLLS_BEFORE_CONFIRM):
        poll("SCAN")
    stage.call("kiosk-bind", parameters=session, headers=phone, body={"matchNumber": created["matchNumber"]})
    must_be(bool(poll("SUCCESS")["memberToken"]), True)


def web_login(stage):
    """A site's page shows the picture and polls; an app locks and activates; the site's server exchanges the ticket."""
    opened = stage.call("web-loginpic", query={"qrSize": "256", "client": SITE}, cookies=[])
    cookie = opened.cookies[0].split(";")[0]
    code, phone = {"code": cookie.split("=")[1].split(".")[0]}, {"authorization": f"Bearer {stage.phone_token}"}

    def poll(flag):
        time.sleep(PACE)
        answer = stage.call("web-login", cookies=[cookie]).json()
        must_be(answer["statusflag"], flag)
        return answer

    for _ in range(POLLS_BEFORE_SCAN):
        poll(0)
    stage.call("web-lock", headers=phone, body=code)
    for _ in range(POLLS_BEFORE_CONFIRM):
        poll(1)
    stage.call("web-activate", headers=phone, body=code)
    ticket = parse_qs(urlsplit(poll(2)["url"]).query)["ticket"][0]
    exchange(stage, SITE, ticket)


def remembered_login(stage):
    """A region's server asks, and polls; the person confirms on the phone page; the server exchanges the ticket."""
    server, phone = stage.servers[REGION], {"authorization": f"Bearer {stage.phone_token}"}
    asked = stage.call("remembered-ask", headers=server, body={"region": REGION}).json()

    def poll(result):
        time.sleep(PACE)
        trace = {"traceId": asked["traceId"]}
        last = stage.call("remembered-results", parameters=trace, headers=server).json()["results"][-1]
        must_be(last["resultType"], result)
        return last

    for _ in range(POLLS_BEFORE_SCAN):
        code = {"code": poll("LOGIN_getLoginQrcode")["imgBuf"].rsplit("/", 1)[1]}
    stage.call("pages-scan", parameters=code, headers=phone)
    for _ in range(POLLS_BEFORE_CONFIRM):
        poll("LOGIN_getLoginQrcode")
    stage.call("pages-confirm", parameters=code, headers=phone, body={})
    exchange(stage, REGION, poll("LOGIN_loginResult")["ticket"])


def shop_login(stage):
    """A shop's page shows the picture and polls; an app verifies the code, which scans it, and signs the page in."""
    opened = stage.call("shop-create", headers={"accept": "application/json"})
    cookie, made = opened.cookies[0].split(";")[0], opened.json()
    stage.call("shop-picture", parameters={"file": made["url"].rsplit("/", 1)[1]})
    code, phone = {"code": made["code"]}, {"authorization": f"Bearer {stage.phone_token}"}

    def poll(status):
        time.sleep(PACE)
        answer = stage.call("shop-login", parameters=code, cookies=[cookie]).json()
        must_be(answer["status"], status)
        return answer

    for _ in range(POLLS_BEFORE_SCAN):
        poll(0)
    must_be(stage.call("shop-verify", parameters=code, headers=phone).json()["status"], 1)
    for _ in range(POLLS_BEFORE_CONFIRM):
        poll(1)
    must_be(stage.call("shop-login-as-advised", parameters=code, headers=phone, body={}).json()["status"], 2)
    must_be(bool(poll(2)["token"]), True)


def device_login(stage):
    """A device shows a QR and polls for its tokens; the person scans it with the phone page and confirms."""
    server, phone = stage.servers[SCREEN], {"authorization": f"Bearer {stage.phone_token}"}
    begun = stage.call("oauth-device-authorization", headers=server, form={"scope": "openid profile"}).json()
    code = {"code": begun["device_code"].split(".")[0]}
    asked = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": begun["device_code"]}
    interval = begun["interval"]
    polls_before_scan, polls_before_confirm = SCANNED_AFTER // interval, CONFIRMED_AFTER // interval

    def poll(status):
        time.sleep(interval - EARLY)
        return stage.call("oauth-token", status=status, headers=server, form=asked).json()

    for _ in range(polls_before_scan):
        must_be(poll(400)["error"], "authorization_pending")
    stage.call("pages-scan", parameters=code, headers=phone)
    for _ in range(polls_before_confirm - polls_before_scan):
        must_be(poll(400)["error"], "authorization_pending")
    stage.call("pages-confirm", parameters=code, headers=phone, body={})
    must_be(bool(poll(200)["id_token"]), True)


def code_login(stage):
    """A site sends a browser, whose page shows the QR and polls; the person scans and confirms; the site exchanges the code."""
    server, phone = stage.servers[SCREEN], {"authorization": f"Bearer {stage.phone_token}"}
    asked = {
        "response_type": "code", "client_id": SCREEN, "redirect_uri": BACK, "scope": "openid profile",
        "state": "s", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    sealed = stage.call("oauth-authorize", status=302, query=asked).headers["location"].split("#")[1]
    shown = stage.call("oauth-authorize-begin", body={"request": sealed}).json()
    # The page's QR rotates: this is the text behind the address in its first frame.
    code = {"code": f"{shown['code']}-{shown['rotate']['tags'][:5]}"}

    def poll(state):
        time.sleep(PACE)
        answer = stage.call("oauth-authorize-status", headers={"token": shown["pollToken"]}).json()
        must_be(answer["state"], state)
        return answer

    for _ in range(POLLS_BEFORE_SCAN):
        poll("waiting")
    stage.call("pages-scan", parameters=code, headers=phone)
    for _ in range(POLLS_BEFORE_CONFIRM):
        poll("scanned")
    stage.call("pages-confirm", parameters=code, headers=phone, body={"matchNumber": shown["matchNumber"]})
    brought = parse_qs(urlsplit(poll("confirmed")["url"]).query)["code"][0]
    bringing = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER, "code": brought}
    must_be(bool(stage.call("oauth-token", headers=server, form=bringing).json()["id_token"]), True)


def exchange(stage, client, ticket):
    """A client's server exchanges its ticket."""
    answer = stage.call("web-ticket", headers=stage.servers[client], body={"ticket": ticket}).json()
    must_be(bool(answer["access_token"]), True)


def must_be(found, expected):
    """Fails when a login takes another course, because then the counts would be wrong."""
    if found != expected:
        raise Failure(f"a login went astray: {found!r} instead of {expected!r}")


LOGINS = {
    "kiosk": kiosk_login,
    "web": web_login,
    "remembered": remembered_login,
    "shop": shop_login,
    "device": device_login,
    "code": code_login,
}
