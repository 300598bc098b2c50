"""The head of a request and of an answer: parsed strictly, written plainly.

Role: pure. What two parsers could read differently is refused. Called by: `http1.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mcp_operator.bridge.http_body import HttpError

REASONS = {
    100: "Continue", 200: "OK", 202: "Accepted", 204: "No Content", 400: "Bad Request", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 411: "Length Required",
    413: "Content Too Large", 415: "Unsupported Media Type", 417: "Expectation Failed",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
}  # fmt: skip
METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*)").fullmatch
# Headers of which a second one changes how a request is read; the others are lists.
SINGLE = frozenset({"host", "content-length", "transfer-encoding", "content-type", "origin", "mcp-session-id"})

Headers = Iterable[tuple[str, str]]


@dataclass(slots=True)
class Request:
    """One request, read whole. Header names are lower case; repeated headers are joined with a comma."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    keep_alive: bool = True
    http11: bool = True


def parse_head(data: bytes) -> Request:
    """The request whose head this is, without the empty line at its end. Raises HttpError."""
    first, *lines = data.split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not METHOD(parts[0]):
        raise HttpError(400, "the request line is malformed")
    method, target, version = (part.decode("latin-1") for part in parts)
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise HttpError(505, "only HTTP/1.1 is spoken here")
    headers = parse_headers(lines)
    http11 = version == "HTTP/1.1"
    if http11 and "host" not in headers:
        raise HttpError(400, "the Host header is missing")
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if http11 else "keep-alive" in connection
    path = target.partition("?")[0]
    if path.startswith("http://"):
        path = "/" + path[7:].partition("/")[2]
    return Request(method, path, headers, keep_alive=keep_alive, http11=http11)


def parse_headers(lines: list[bytes]) -> dict[str, str]:
    """Values by lower-case names. Raises HttpError for a malformed line, and for a second one where only one may be."""
    headers: dict[str, str] = {}
    for line in lines:
        match = HEADER(line)
        if match is None:
            raise HttpError(400, "a header line is malformed")
        name = match[1].decode("ascii").lower()
        text = match[2].rstrip(b" \t").decode("latin-1")
        if name in headers:
            if name in SINGLE:
                raise HttpError(400, f"the header {name} is there twice")
            text = f"{headers[name]}, {text}"
        headers[name] = text
    return headers


def head(status: int, kind: str, length: int | None, headers: Headers, keep_alive: bool, chunked: bool = True) -> bytes:
    """The head of an answer. `length` is that of its body; without one the body comes in chunks, or until the end."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    if kind:
        lines.append(f"Content-Type: {kind}")
    if length is not None:
        if status != 204:
            lines.append(f"Content-Length: {length}")
    elif chunked:
        lines.append("Transfer-Encoding: chunked")
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append("Connection: keep-alive\r\n\r\n" if keep_alive else "Connection: close\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1")
