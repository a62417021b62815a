"""The wire probes: bytes a client may send, and to the letter what comes back.

`test_wire_probes.py` sends each one whole, and cut at every byte. A probe's bytes are everything one connection sends;
its answers are everything that comes back on it. Behind what is refused stands `SMUGGLED`, the request of somebody
else that a lenient reader would see there: it must never be answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
HOST = b"Host: localhost\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHAT = b"/v1/chat/completions"


@dataclass(frozen=True)
class Answer:
    """One response: its status, its whole body (None: whatever it is), and fields that must be as they are here."""

    status: int
    body: bytes | None = None
    fields: dict[str, str] = field(default_factory=dict)
    to_head: bool = False
    """Whether it answers HEAD: its fields tell of a body that does not come."""


@dataclass(frozen=True)
class Probe:
    name: str
    sent: bytes
    answers: tuple[Answer, ...]
    closes: bool = False
    """Whether the connection ends with the last answer; else it takes another request."""
    continues: bool = False
    """Whether `100 Continue` may come first: it does when the body is not there with the head."""


PROBES: list[Probe] = []


def add(name: str, sent: bytes, *answers: Answer, closes: bool = False, continues: bool = False) -> None:
    PROBES.append(Probe(name, sent, answers, closes, continues))


def error(status: int, message: str, code: str = "invalid_request", **fields: str) -> Answer:
    """An error in the form that every path has today."""
    kind = {403: "permission_error", 401: "authentication_error"}.get(status, "invalid_request_error")
    value = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Answer(status, body, {"content-type": "application/json", **fields})


def refused(name: str, sent: bytes, message: str, status: int = 400, smuggled: bytes = SMUGGLED) -> None:
    """A request that is answered with an error, after which the connection ends."""
    code = "too_large" if status == 413 else "invalid_request"
    add(name, sent + smuggled, error(status, message, code, connection="close"), closes=True)


def taken(name: str, sent: bytes, *answers: Answer, then: Answer | None = None) -> None:
    """A request that is answered; the next one on the connection is too, so its end was found."""
    add(name, sent + HEALTH, *(answers or (OK,)), then or OK)


def post(fields: bytes, body: bytes = b"", path: bytes = CHAT) -> bytes:
    """A POST with nothing but `Host` and the given fields."""
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n\r\n" + body


def get(fields: bytes = b"", body: bytes = b"", target: bytes = b"/healthz", version: bytes = b"HTTP/1.1") -> bytes:
    """A GET of what always answers."""
    return b"GET " + target + b" " + version + b"\r\n" + HOST + (fields + b"\r\n" if fields else b"") + b"\r\n" + body


def chunked(body: bytes, coding: bytes = b"Transfer-Encoding: chunked") -> bytes:
    return post(coding, body)


OK = Answer(200, b"ok\n", {"content-type": "text/plain; charset=utf-8"})
OK_TO_HEAD = Answer(200, None, {"content-length": "3"}, to_head=True)


def nothing_at(path: str) -> Answer:
    return error(404, f"there is nothing at {path}", "not_found")


def wrong_method(path: str, allowed: str) -> Answer:
    message = f"{path} takes {allowed.removesuffix(', OPTIONS').replace(', ', ' or ')}"
    return error(405, message, "method_not_allowed", allow=allowed)


# Two ways to tell where a body ends.

BOTH = "Content-Length and Transfer-Encoding are both there."
TWO_LENGTHS = "Content-Length is there twice."
BAD_LENGTH = "Content-Length is not a number of bytes."
BAD_CODING = "Transfer-Encoding is not chunked alone."
TWO_CODINGS = "Transfer-Encoding is there twice."
BAD_NAME = "A header field has no valid name."
FOLDED = "A header field is continued on the next line."
BARE_CR = "A carriage return stands without a line feed."
BARE_LF = "A line feed stands without a carriage return."
CONTROL = "The head holds a control byte."
BAD_LINE = "The request line is not a method, a target and a version."
BAD_TARGET = "The request target is not valid."
VERSION = "Only HTTP/1.1 and HTTP/1.0 are supported."
NO_HOST = "Host is missing."
TWO_HOSTS = "Host is there twice."
BAD_HOST = "Host is not a host with an optional port."
FOREIGN = "The request target names another authority than Host."
BAD_SIZE = "A chunk's size is not valid."
BAD_END = "A chunk does not end where its size says."
EXPECTATION = "Expect is not 100-continue."
METHOD = "The method is not supported."
TRAILER = "A trailer field says what only a head may say."

refused("CL.TE", post(b"Content-Length: 6\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"), BOTH)
refused("TE.CL", post(b"Transfer-Encoding: chunked\r\nContent-Length: 4", b"0\r\n\r\n"), BOTH)
refused("TE.CL of nothing", post(b"Transfer-Encoding: chunked\r\nContent-Length: 0", b"0\r\n\r\n"), BOTH)
refused("two lengths that differ", post(b"Content-Length: 0\r\nContent-Length: 44"), TWO_LENGTHS)
refused("two lengths that agree", post(b"Content-Length: 0\r\nContent-Length: 0"), TWO_LENGTHS)
refused("two lengths in other letters", post(b"content-length: 0\r\nX: y\r\nCONTENT-LENGTH: 0"), TWO_LENGTHS)

for name, value in {
    "a plus": b"+0", "a minus": b"-1", "minus zero": b"-0", "hexadecimal": b"0x0", "a letter": b"0a",
    "a list": b"0, 0", "a list that differs": b"0,44", "a comma": b"0,", "a space inside": b"4 4", "a point": b"0.0",
    "an exponent": b"1e3", "an underscore": b"1_0", "quotes": b'"0"', "a parameter": b"0;x", "Arabic digits": b"\xd9\xa0",
    "nothing": b"", "2^63": b"9223372036854775808", "2^64": b"18446744073709551616", "30 digits": b"9" * 30,
    "a no-break space": b"\xa00",
}.items():  # fmt: skip
    refused(f"a length with {name}", post(b"Content-Length: " + value), BAD_LENGTH)
refused("a length with a vertical tab", post(b"Content-Length:\x0b0"), CONTROL)
refused("a length with a form feed", post(b"Content-Length: 0\x0c"), CONTROL)

for name, value in {
    "gzip": b"gzip", "identity": b"identity", "another word": b"xchunked", "a longer word": b"chunkedx",
    "a capital": b"Chunked", "capitals": b"CHUNKED", "gzip before": b"gzip, chunked",
    "identity behind": b"chunked, identity", "itself twice": b"chunked, chunked", "an empty element": b", chunked",
    "a comma behind": b"chunked,", "a parameter": b"chunked;q=1", "a space parameter": b"chunked ; a=b",
    "quotes": b'"chunked"', "nothing": b"", "a space inside": b"chunk ed", "a no-break space": b"\xa0chunked",
}.items():  # fmt: skip
    refused(f"a coding with {name}", chunked(b"0\r\n\r\n", b"Transfer-Encoding: " + value), BAD_CODING)
refused("a coding with a vertical tab", chunked(b"0\r\n\r\n", b"Transfer-Encoding:\x0bchunked"), CONTROL)
refused("a coding with NUL", chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked\0"), CONTROL)
refused("two codings that agree", chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n" * 2 + b"X: y"), TWO_CODINGS)
refused(
    "two codings that differ",
    chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
    BAD_CODING,
)
refused(
    "a coding in HTTP/1.0",
    b"POST " + CHAT + b" HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    BAD_CODING,
)
refused("a coding behind a tab", chunked(b"0\r\n\r\n", b"Transfer-Encoding:\tchunked"), BAD_CODING)
refused("a coding before a tab", chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked \t "), BAD_CODING)
refused("a length behind a tab", post(b"Content-Length:\t0"), BAD_LENGTH)
refused("a length before a tab", post(b"Content-Length: 0\t"), BAD_LENGTH)
taken("a coding between spaces", get(b"Transfer-Encoding:  chunked  ", b"0\r\n\r\n"))
taken("a length between spaces", get(b"Content-Length:   2   ", b"ab"))
taken("a coding whose name is longer", get(b"Transfer-Encodingg: chunked"))
taken("a length with leading zeros", get(b"Content-Length: 0002", b"ab"))

# Names, colons, folds, line ends, control bytes.

refused("a space before the colon", chunked(b"0\r\n\r\n", b"Transfer-Encoding : chunked"), BAD_NAME)
refused("a tab before the colon", post(b"Content-Length\t: 0"), BAD_NAME)
refused("no colon", post(b"Content-Length 0"), BAD_NAME)
refused("no name", post(b": 0"), BAD_NAME)
refused("a name with a slash", post(b"Content/Length: 0"), BAD_NAME)
refused("a name with parentheses", post(b"X(y): 0"), BAD_NAME)
refused("a name beyond ASCII", post("Ä: 0".encode()), BAD_NAME)
refused("a fold", post(b"X: a\r\n b\r\nContent-Length: 0"), FOLDED)
refused("a fold by tab", post(b"X: a\r\n\tContent-Length: 44"), FOLDED)
refused("a fold of nothing", post(b"X: a\r\n \r\nContent-Length: 0"), FOLDED)
refused("a fold of the coding", chunked(b"0\r\n\r\n", b"Transfer-Encoding:\r\n chunked"), BAD_CODING)
refused("a fold before the first field", b"GET /healthz HTTP/1.1\r\n " + HOST + b"\r\n", FOLDED)
refused("LF alone behind the request line", b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n", BARE_LF)
refused("LF alone behind a field", post(b"X: a\nContent-Length: 0"), BARE_LF)
refused("LF alone as the blank line", b"GET /healthz HTTP/1.1\r\n" + HOST + b"\n", BARE_LF)
refused("LF alone before the request", b"\n" + HEALTH, BARE_LF)
refused("CR alone behind the request line", b"GET /healthz HTTP/1.1\r" + HOST + b"\r\n", BARE_CR)
refused("CR alone in a value", post(b"X: a\rContent-Length: 0"), BARE_CR)
refused("CR alone before the blank line", b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\r\n", BARE_CR)
refused("CR twice", b"GET /healthz HTTP/1.1\r\r\n" + HOST + b"\r\n", BARE_CR)
refused("CR alone in the target", b"GET /heal\rthz HTTP/1.1\r\n" + HOST + b"\r\n", BARE_CR)
refused("NUL in a value", get(b"X: a\0b"), CONTROL)
refused("NUL in a name", get(b"X\0Y: b"), CONTROL)
refused("NUL in the target", b"GET /health\0z HTTP/1.1\r\n" + HOST + b"\r\n", CONTROL)
refused("ESC in a value", get(b"X: \x1b[2J"), CONTROL)
refused("DEL in a value", get(b"X: \x7f"), CONTROL)
taken("a value beyond ASCII", get("X: grün \u00fc".encode()))
taken("a value that is not UTF-8", get(b"X: \xff\xfe"))
taken("an empty value", get(b"X:"))

# Host and target.

refused("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", NO_HOST)
refused("two Hosts", get(b"Host: localhost"), TWO_HOSTS)
refused("two Hosts that differ", get(b"hOST: example.com"), TWO_HOSTS)
for name, value in {
    "nothing": b"", "a space": b"local host", "a list": b"localhost, example.com", "a user": b"me@localhost",
    "a path": b"localhost/x", "a scheme": b"http://localhost", "a port in letters": b"localhost:http",
    "no port behind the colon": b"localhost:", "port 0": b"localhost:0", "a port past 65535": b"localhost:65536",
    "half an address": b"127.1", "an octal address": b"0177.0.0.1", "a hexadecimal address": b"0x7f000001",
    "an open bracket": b"[::1", "a zone": b"[fe80::1%25lo]", "bytes beyond ASCII": b"localh\xc3\xb6st",
    "an escape": b"local%68ost",
}.items():  # fmt: skip
    refused(f"a Host with {name}", b"GET /healthz HTTP/1.1\r\nHost: " + value + b"\r\n\r\n", BAD_HOST)
FORBIDDEN = error(
    403, "`Host` must be an IP address, localhost or a name listed under `hosts` in the configuration", "forbidden"
)
taken("a Host that is not ours", b"GET /healthz HTTP/1.1\r\nHost: example.com\r\n\r\n", FORBIDDEN)
taken("a Host with a port", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n")
taken("a Host in IPv6", b"GET /healthz HTTP/1.1\r\nhost:[::1]:80\r\n\r\n")
taken("the absolute form", b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
taken("the absolute form in other letters", b"GET HTTP://LOCALHOST:80/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
refused("the absolute form of another", get(target=b"http://example.com/healthz"), FOREIGN)
refused("the absolute form of another port", get(target=b"http://localhost:81/healthz"), FOREIGN)
refused("the absolute form with a user", get(target=b"http://localhost@example.com/healthz"), BAD_TARGET)
refused("the absolute form without a host", get(target=b"http:///healthz"), BAD_TARGET)
refused("the absolute form of FTP", get(target=b"ftp://localhost/healthz"), BAD_TARGET)
refused("the absolute form without Host", b"GET http://localhost/healthz HTTP/1.1\r\n\r\n", NO_HOST)
refused("the authority form", get(target=b"localhost:80"), BAD_TARGET)
refused("the asterisk form of GET", get(target=b"*"), BAD_TARGET)
refused("a path without its slash", get(target=b"healthz"), BAD_TARGET)
refused("a fragment", get(target=b"/healthz#top"), BAD_TARGET)
refused("a path beyond ASCII", get(target="/gesündheit".encode()), BAD_TARGET)
refused("a query that is not UTF-8", get(target=b"/healthz?\xff"), BAD_TARGET)
refused("CONNECT", b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", METHOD, 501)
taken("a query beyond ASCII", get(target="/healthz?q=grün".encode()))
taken("an empty query", get(target=b"/healthz?"))
for name, path in {
    "an escaped letter": "/%68ealthz", "an escaped slash": "/v1%2Fmodels", "one dot": "/./healthz",
    "two dots": "/v1/../healthz", "escaped dots": "/v1/%2e%2e/healthz", "two slashes": "//healthz",
    "two slashes inside": "/v1//models", "a slash behind": "/healthz/", "a capital": "/Healthz",
    "a backslash": "/v1\\models", "a parameter": "/healthz;v=1", "an escaped NUL": "/healthz%00",
    "a broken escape": "/%zz",
}.items():  # fmt: skip
    taken(f"a path with {name}", get(target=path.encode()), nothing_at(path))
taken("an unknown path of the API", post(b"Content-Length: 2", b"{}", b"/v1/nothing"), nothing_at("/v1/nothing"))

# The first line.

refused("two spaces", b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n", BAD_LINE)
refused("a space behind", b"GET /healthz HTTP/1.1 \r\n" + HOST + b"\r\n", BAD_LINE)
refused("a space before", b" GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n", BAD_LINE)
refused("tabs between", b"GET\t/healthz\tHTTP/1.1\r\n" + HOST + b"\r\n", BAD_LINE)
refused("a space in the target", b"GET /heal thz HTTP/1.1\r\n" + HOST + b"\r\n", BAD_LINE)
refused("a method that is no word", b"G@T /healthz HTTP/1.1\r\n" + HOST + b"\r\n", BAD_LINE)
refused("a method of 25 letters", b"A" * 25 + b" /healthz HTTP/1.1\r\n" + HOST + b"\r\n", BAD_LINE)
refused("HTTP/0.9", b"GET /healthz\r\n", BAD_LINE)
refused("HTTP/0.9 by its name", get(version=b"HTTP/0.9"), VERSION, 505)
refused("HTTP/1.2", get(version=b"HTTP/1.2"), VERSION, 505)
refused("HTTP/2.0", get(version=b"HTTP/2.0"), VERSION, 505)
refused("HTTP/2 by its preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION, 505)
refused("a version in small letters", get(version=b"http/1.1"), BAD_LINE)
refused("a version of one number", get(version=b"HTTP/1"), BAD_LINE)
refused("a version with more", get(version=b"HTTP/1.1x"), BAD_LINE)
refused("a version with zeros", get(version=b"HTTP/01.1"), BAD_LINE)
refused("another protocol", get(version=b"HTTPS/1.1"), BAD_LINE)
refused("TLS", bytes.fromhex("16030100c8010000c403036b4a") + bytes(64), CONTROL)
refused("bytes of no protocol", bytes(range(0x80, 0x100)) + b"\r\n", BAD_LINE)
refused("JSON alone", b'{"model":"m"}\r\n', BAD_LINE)
refused("a target of 17 KiB", get(target=b"/" + b"a" * 17000), "The request target is longer than 16384 bytes.", 414)
refused("a head of 70 KiB", get(b"X: " + b"a" * 70000), "The head is longer than 65536 bytes.", 431)
refused("129 fields", get(b"\r\n".join([b"X: y"] * 128)), "There are more than 128 header fields.", 431)
taken("128 fields", get(b"\r\n".join([b"X: y"] * 127)))
taken("a target of 16 KiB", get(target=b"/healthz?" + b"a" * 16000))
taken("an empty line before", b"\r\n" + HEALTH)
refused("two empty lines before", b"\r\n\r\n" + HEALTH, BAD_LINE)
taken("an empty line between", HEALTH + b"\r\n")

# Chunks.

for name, body in {
    "no size": b"\r\n0\r\n\r\n", "0x": b"0x1\r\na\r\n0\r\n\r\n", "a plus": b"+1\r\na\r\n0\r\n\r\n",
    "a minus": b"-1\r\na\r\n0\r\n\r\n", "a space before": b" 1\r\na\r\n0\r\n\r\n", "a space behind": b"1 \r\na\r\n0\r\n\r\n",
    "a space before the extension": b"1 ;x\r\na\r\n0\r\n\r\n", "a tab": b"1\t\r\na\r\n0\r\n\r\n",
    "no digit": b"g\r\n", "an underscore": b"1_0\r\n", "17 digits": b"0" * 16 + b"1\r\na\r\n0\r\n\r\n",
    "2^63": b"8000000000000000\r\n", "2^64 - 1": b"ffffffffffffffff\r\n", "2^64": b"10000000000000000\r\n",
    "30 digits": b"f" * 30 + b"\r\n", "only an extension": b";x\r\n", "LF alone": b"1\na\r\n0\r\n\r\n",
    "CR alone": b"1\ra\r\n0\r\n\r\n", "CR twice": b"1\r\r\na\r\n0\r\n\r\n", "NUL": b"1\0\r\na\r\n0\r\n\r\n",
    "LF in the extension": b"1;x\ny\r\na\r\n0\r\n\r\n", "CR in the extension": b"1;x\ry\r\na\r\n0\r\n\r\n",
    "NUL in the extension": b"1;x\0\r\na\r\n0\r\n\r\n", "bytes beyond ASCII": b"1;\xe9\r\na\r\n0\r\n\r\n",
    "a comma": b"1,1\r\na\r\n0\r\n\r\n",
}.items():  # fmt: skip
    refused(f"a chunk size with {name}", chunked(body), BAD_SIZE)
for name, body in {
    "too short": b"2\r\na\r\n0\r\n\r\n", "too long": b"1\r\nab\r\n0\r\n\r\n", "LF alone": b"1\r\na\n0\r\n\r\n",
    "CR twice": b"1\r\na\r\r\n0\r\n\r\n", "nothing behind it": b"1\r\na0\r\n\r\n",
}.items():  # fmt: skip
    refused(f"a chunk that is {name}" if name[:3] == "too" else f"a chunk with {name}", chunked(body), BAD_END)
refused("a chunk line of 300 bytes", chunked(b"1;" + b"x" * 300), "A chunk's size line is longer than 256 bytes.")
refused("an empty line for the last chunk", chunked(b"1\r\na\r\n\r\n"), BAD_SIZE)
refused("LF alone behind the last chunk", chunked(b"0\r\n\n"), BARE_LF)
refused("CR alone behind the last chunk", chunked(b"0\r\n\rX"), BARE_CR)
refused("LF alone in a trailer", chunked(b"0\r\nX: a\n\r\n"), BARE_LF)
refused("a trailer with a space before the colon", chunked(b"0\r\nX : a\r\n\r\n"), BAD_NAME)
refused("a trailer that is a request", chunked(b"0\r\n" + HEALTH), BAD_NAME)
refused("a fold in a trailer", chunked(b"0\r\nX: a\r\n b\r\n\r\n"), FOLDED)
refused("NUL in a trailer", chunked(b"0\r\nX: \0\r\n\r\n"), CONTROL)
for name in (b"Content-Length: 5", b"transfer-encoding: chunked", b"Host: localhost", b"Expect: 100-continue",
             b"Connection: close", b"Authorization: Bearer x", b"Content-Type: a/b"):  # fmt: skip
    refused(f"{name.partition(b':')[0].decode()} in a trailer", chunked(b"0\r\n" + name + b"\r\n\r\n"), TRAILER)
taken("chunks", get(b"Transfer-Encoding: chunked", b"3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"))
taken("chunks in capitals and zeros", get(b"Transfer-Encoding: chunked", b"00B\r\n0123456789\n\r\n000\r\n\r\n"))
taken("chunk extensions", get(b"Transfer-Encoding: chunked", b'1;a=b;c="d e"\r\na\r\n0;x\r\n\r\n'))
taken("a trailer", get(b"Transfer-Encoding: chunked", b"0\r\nX-Sum: 1\r\nY:\r\n\r\n"))

# Expectations.

refused("another expectation", get(b"Expect: 200-ok"), EXPECTATION, 417)
refused("two expectations", get(b"Expect: 100-continue, x"), EXPECTATION, 417)
taken("an expectation without a body", get(b"Expect: 100-continue"))
taken("an expectation in other letters", get(b"expect: 100-Continue"))
add(
    "an expectation and its body at once",
    get(b"Expect: 100-continue\r\nContent-Length: 2", b"ab") + HEALTH,
    OK,
    OK,
    continues=True,
)
refused(
    "an expectation of 99 MB",
    post(b"Expect: 100-continue\r\nContent-Length: 99000000"),
    "The body is longer than 33554432 bytes.",
    413,
)

# Methods.

taken("HEAD", b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"\r\n", OK_TO_HEAD)
taken("HEAD of nothing", b"HEAD /nothing HTTP/1.1\r\n" + HOST + b"\r\n", Answer(404, to_head=True))
taken(
    "HEAD where it would cost",
    b"HEAD /api/chat?prompt=hello HTTP/1.1\r\n" + HOST + b"\r\n",
    Answer(405, fields={"allow": "GET, OPTIONS"}, to_head=True),
)
for target, allowed in {
    b"/healthz": "GET, HEAD, OPTIONS", CHAT: "POST, OPTIONS", b"/api/chat?prompt=x": "GET, OPTIONS",
    b"*": "DELETE, GET, HEAD, POST, OPTIONS", b"http://localhost": "DELETE, GET, HEAD, POST, OPTIONS",
}.items():  # fmt: skip
    taken(
        f"OPTIONS {target.decode()}",
        b"OPTIONS " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        Answer(204, b"", {"allow": allowed}),
    )
taken(
    "a browser's question about another site",
    b"OPTIONS " + CHAT + b" HTTP/1.1\r\n" + HOST + b"Origin: http://example.com\r\n"
    b"Access-Control-Request-Method: POST\r\n\r\n",
    Answer(204, b"", {"allow": "POST, OPTIONS", "access-control-allow-origin": ""}),
)
taken("OPTIONS of nothing", b"OPTIONS /nothing HTTP/1.1\r\n" + HOST + b"\r\n", nothing_at("/nothing"))
for method in (b"get", b"DELETE", b"TRACE", b"BREW", b"M-SEARCH", b"POST"):
    taken(
        f"{method.decode()} where it is not taken",
        method + b" /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
        wrong_method("/healthz", "GET, HEAD, OPTIONS"),
    )
taken("GET of chat completions", get(target=CHAT), wrong_method(CHAT.decode(), "POST, OPTIONS"))
taken(
    "PUT of /v1/generations",
    b"PUT /v1/generations HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
    wrong_method("/v1/generations", "GET, POST, OPTIONS"),
)
taken("POST of /api/chat", post(b"Content-Length: 2", b"{}", b"/api/chat"), wrong_method("/api/chat", "GET, OPTIONS"))

# One connection, several requests.

add("three requests at once", HEALTH * 3, OK, OK, OK)
add(
    "HEAD among them",
    HEALTH + b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"\r\n" + get(target=b"/nothing") + HEALTH,
    OK,
    OK_TO_HEAD,
    nothing_at("/nothing"),
    OK,
)
add(
    "bodies among them",
    get(b"Content-Length: 3", b"GET") + get(b"Transfer-Encoding: chunked", b"1\r\n \r\n0\r\n\r\n") + HEALTH,
    OK,
    OK,
    OK,
)
add("a faulty one behind two", HEALTH * 2 + b"GET\r\n" + HEALTH, OK, OK, error(400, BAD_LINE), closes=True)
add("Connection: close", get(b"Connection: close") + HEALTH, Answer(200, b"ok\n", {"connection": "close"}), closes=True)
add("Connection: close in a list", get(b"Connection: foo, CLOSE ,bar") + HEALTH, OK, closes=True)
add("Connection: close in a second field", get(b"Connection: x\r\nConnection: close") + HEALTH, OK, closes=True)
add("close beside keep-alive", get(b"Connection: keep-alive, close") + HEALTH, OK, closes=True)
taken("Connection: closed", get(b"Connection: closed"))
taken("Connection: keep-alive", get(b"Connection: keep-alive"))
add("HTTP/1.0", get(version=b"HTTP/1.0") + HEALTH, Answer(200, b"ok\n", {"connection": "close"}), closes=True)
taken(
    "HTTP/1.0 kept",
    get(b"Connection: Keep-Alive", version=b"HTTP/1.0"),
    Answer(200, b"ok\n", {"connection": "keep-alive"}),
)
add("HTTP/1.0 without Host", b"GET /healthz HTTP/1.0\r\n\r\n", FORBIDDEN, closes=True)
add("HTTP/1.0 expecting", get(b"Expect: 100-continue\r\nContent-Length: 1", b"a", version=b"HTTP/1.0"), OK, closes=True)
taken("Upgrade: websocket", get(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"))
taken("Upgrade: h2c", get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"))
taken("TE and Trailer", get(b"TE: trailers\r\nTrailer: X-Sum"))
