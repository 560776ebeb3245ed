"""Malformed events of API Gateway and of a table's stream.

`mutated` takes the golden events of a function and changes a few places: a field is gone, doubled, of another type,
empty or huge; a text holds what HTTP, JSON or a URI does not allow. The same seed gives the same events.
"""

import base64
import json
import random
import re

from processes import ROOT

# Single characters, and pieces with a meaning to some parser.
_PIECES = [
    *"\0\x01\t\n\r\x1b\x7f\x85\xa0\xad\xff \"'<>%#?&=;,/\\|^`{}[]()*+-.:@!~_$",
    "\r\n", "\r\nx-injected: 1", "%", "%0", "%zz", "%00", "%0d%0a", "%2f", "%ff", "%ED%A0%BD", "%F0%9F%98%80", "..", "/../", "//",
    "\ud83d", "\ude00", "\ud83d\ude00", "\ufeff", "\ufffd", "\uffff", "\u200e", "\u202e", "\u2068", "é", "中文", "１２３", "İ", "ß",
    "null", "true", "NaN", "-0", "1e999", "0x7f", "${jndi:x}", "<script>", "' or 1=1", "../../etc/passwd", "{{7*7}}",
]  # fmt: skip
_VALUES = [
    None, True, False, 0, -1, 7, 1.5, -0.0, 1e308, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**40, "", " ", "x", "0", "null", [], {},
    [None], [[]], [""], [7], ["a", "a"], {"": ""}, {"a": {"b": {"c": []}}}, {"S": "x"}, {"N": "x"}, {"B": "?"}, {"NULL": True},
]  # fmt: skip
_METHODS = ["", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "QUERY", "M-SEARCH", "G T", "é"]
_HEADERS = [
    "host", "x-forwarded-proto", "x-forwarded-for", "x-forwarded-host", "content-type", "content-encoding", "content-length",
    "authorization", "token", "cookie", "channel", "accept", "accept-language", "origin", "referer", "user-agent", "if-none-match",
    "sec-fetch-mode", "sec-purpose", "transfer-encoding", "expect", "range", "x-amzn-trace-id", "Authorization", "a b", "", "é",
]  # fmt: skip
_HEADER_VALUES = [
    "", "*/*", "application/json", "application/json; charset=gbk", "application/x-www-form-urlencoded", "text/plain", "gzip",
    "Bearer", "Bearer ", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic", "Basic ====", "Basic Og==", "Basic OmE6Yg==",
    "http", "java script:", "[", "evil.example", "user@evil.example:99999", "::1", "-1", "18446744073709551616", "a=b; a=c; =;;",
    "__Host-saoma-qr=.", "__Host-saoma-qr=0P1ACEH01DERC0DE0123456789.x", "null", "W/\"", "bytes=0-0",
]  # fmt: skip
_BODIES = [
    "", " ", "null", "[]", "{}", "[[]]", "\"\"", "7", "{", "{\"a\":", "\ufeff{}", "\ufeff", "{\"code\":\"\\ud83d\"}", "{\"code\":1e999}",
    "{\"code\":\"\",\"code\":\"\"}", "code=a&code=b", "code=%ff", "=&=&", "{\"a\":" * 200 + "1" + "}" * 200, "[" * 9000,
]  # fmt: skip
_HUGE = 1 << 20  # characters; an escaped one takes six bytes
_LARGEST = 7 << 20  # hardly more than Lambda hands over


def goldens(function):
    """The text of each golden event of a function."""
    return [path.read_text() for path in sorted((ROOT / "events").glob(f"{function}-*.json"))]


def mutated(texts, seed):
    """One event out of golden ones, as JSON."""
    chance = random.Random(seed)
    event = json.loads(chance.choice(texts))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        change = chance.choice(_CHANGES if "routeKey" in event else _STREAM_CHANGES)
        change(chance, event)
    if chance.random() < 0.005:
        event = chance.choice(_VALUES)
    text = json.dumps(event)
    if chance.random() < 0.1:
        text = _with_a_doubled_field(chance, text)
    return text.encode() if len(text) <= _LARGEST else chance.choice(texts).encode()


def _any_field(chance, event):
    _change_one(chance, event, lambda value: _odd(chance, value))


def _missing(chance, event):
    if places := _places(event):
        holder, place = chance.choice(places)
        del holder[place]


def _text(chance, event):
    _change_one(chance, event, lambda value: _spoiled(chance, value if isinstance(value, str) else "x"))


def _empty(chance, event):
    _change_one(chance, event, lambda value: type(value)() if value is not None else "")


def _huge(chance, event):
    if chance.random() < 0.02:
        kind = chance.choice(("x", "中", "\ud83d", "\0", "%", "&a=", "a=b; "))
        _change_one(chance, event, lambda _: (kind * _HUGE)[:_HUGE])


def _method(chance, event):
    _http(event)["method"] = chance.choice(_METHODS)


def _path(chance, event):
    path = event.get("rawPath")
    path = _spoiled(chance, path) if isinstance(path, str) and chance.random() < 0.7 else chance.choice(_PIECES)
    event["rawPath"] = path


def _query(chance, event):
    names = ("qrSize", "logoSize", "logo", "size", "margin", "format", "client", "state", "token", "ticket", "code", "source", "a", "")
    pairs = [f"{chance.choice(names)}={chance.choice((*_PIECES, '513', '-1', '999999', 'png'))}" for _ in range(chance.randrange(4))]
    event["rawQueryString"] = "&".join(pairs)


def _header(chance, event):
    headers = event.get("headers")
    if not isinstance(headers, dict):
        headers = event["headers"] = {}
    value = chance.choice(_HEADER_VALUES)
    headers[chance.choice(_HEADERS)] = _spoiled(chance, value) if chance.random() < 0.3 else value


def _many_headers(chance, event):
    if chance.random() < 0.02:
        event["headers"] = {f"h{number}": "x" for number in range(chance.choice((100, 5000, 40_000)))}


def _cookies(chance, event):
    event["cookies"] = [_spoiled(chance, chance.choice(_HEADER_VALUES)) for _ in range(chance.randrange(4))]


def _body(chance, event):
    event["body"] = chance.choice(_BODIES)
    _http(event)["method"] = "POST"
    if isinstance(event.get("headers"), dict):
        event["headers"]["content-type"] = chance.choice(("application/json", "application/x-www-form-urlencoded"))


def _within_the_body(chance, event):
    try:
        body = json.loads(event["body"])
        chance.choice((_any_field, _missing, _text, _empty))(chance, body)
    except (KeyError, TypeError, ValueError, RecursionError):  # no JSON, or nothing in it to change
        return _body(chance, event)
    event["body"] = _with_a_doubled_field(chance, json.dumps(body)) if chance.random() < 0.1 else json.dumps(body)


def _base64(chance, event):
    event["isBase64Encoded"] = True
    body = event.get("body")
    if isinstance(body, str) and chance.random() < 0.7:
        spoiled = b"" if chance.random() < 0.5 else chance.randbytes(3)
        event["body"] = base64.b64encode(spoiled + body.encode("utf-8", "surrogatepass")).decode()


def _deep(chance, event):
    depth = chance.choice((50, 126, 127, 128, 129, 250))
    value = 1
    for _ in range(depth):
        value = [value] if chance.random() < 0.5 else {"a": value}
    _change_one(chance, event, lambda _: value)


def _more_records(chance, event):
    records = event.get("Records")
    if isinstance(records, list) and records:
        event["Records"] = [json.loads(json.dumps(record)) for record in chance.choices(records, k=chance.randrange(1, 11))]


_CHANGES = [
    _any_field, _missing, _text, _text, _empty, _huge, _method, _path, _query, _header, _header, _many_headers, _cookies, _body,
    _within_the_body, _within_the_body, _base64, _deep,
]  # fmt: skip
_STREAM_CHANGES = [_any_field, _any_field, _missing, _missing, _text, _text, _empty, _huge, _deep, _more_records]


def _http(event):
    """Where the method is, made anew where an earlier change broke it."""
    context = event.get("requestContext")
    if not isinstance(context, dict):
        context = event["requestContext"] = {}
    if not isinstance(context.get("http"), dict):
        context["http"] = {}
    return context["http"]


def _change_one(chance, event, change):
    if places := _places(event):
        holder, place = chance.choice(places)
        holder[place] = change(holder[place])


def _places(value):
    """Every place of a value that can be changed, at any depth."""
    found, queue = [], [value]
    while queue:
        holder = queue.pop()
        for place in holder if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, place))
            if isinstance(holder[place], dict | list):
                queue.append(holder[place])
    return found


def _odd(chance, value):
    other = [it for it in _VALUES if type(it) is not type(value)]
    # A copy, because the next change must not change the table.
    return json.loads(json.dumps(chance.choice(other)))


def _spoiled(chance, text):
    """A text with a piece put in, taken out, repeated, or with a character changed."""
    at = chance.randrange(len(text) + 1)
    match chance.randrange(5):
        case 0:
            return text[:at] + chance.choice(_PIECES) + text[at:]
        case 1:
            return text[:at]
        case 2:
            return text[:at] + text[at + 1 :]
        case 3 if len(text) < 10_000:
            return text * chance.choice((2, 3, 50))
        case _:
            return text[:at] + chr(chance.choice((chance.randrange(128), chance.randrange(0x3000), 0x1F600))) + text[at + 1 :]


def _with_a_doubled_field(chance, text):
    fields = list(re.finditer(r'(?<=[{ ])"([^"\\]*)": ', text))
    if not fields:
        return text
    field = chance.choice(fields)
    return f"{text[: field.start()]}{field[0]}{json.dumps(chance.choice(_VALUES))}, {text[field.start() :]}"
