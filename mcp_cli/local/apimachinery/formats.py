"""The string formats that a structural schema may demand, and Go's regular expressions as Python's.

Role: pure. Unknown formats fit everything, as in the API server. Called by `structural` and `crds`.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from urllib.parse import urlsplit

from mcp_cli.local.apimachinery import times

HOSTNAME = r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
EMAIL = r"[^@\s]+@[^@\s]+"
UUID = r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
DURATION = r"[+-]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w|\s*(hours?|minutes?|seconds?|days?|weeks?))\s*)+|0"
MAC = r"(?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}"


def _parses(parser: Callable[[str], object]) -> Callable[[str], bool]:
    def fits_parser(value: str) -> bool:
        try:
            parser(value)
        except ValueError:
            return False
        return True

    return fits_parser


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _uri(value: str) -> bool:
    """What Go's URL parser takes, with a scheme or an absolute path."""
    if re.search(r"[\s\x00-\x1f]", value) or value.startswith(":"):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme) or value.startswith("/")


def _base64(value: str) -> object:
    return base64.b64decode(value, validate=True)


FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": _parses(times.parse),
    "datetime": _parses(times.parse),
    "date": _parses(date.fromisoformat),
    "uri": _uri,
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "ip": _parses(ipaddress.ip_address),
    "cidr": _parses(ipaddress.ip_network),
    "email": _matches(EMAIL),
    "hostname": _matches(HOSTNAME),
    "duration": _matches(DURATION),
    "byte": _parses(_base64),
    "uuid": _matches(UUID),
    "uuid3": _matches(UUID),
    "uuid4": _matches(UUID),
    "uuid5": _matches(UUID),
    "mac": _matches(MAC),
}


def fits(name: str, value: str) -> bool:
    checker = FORMATS.get(name)
    return checker is None or checker(value)


def _end_of_text(found: re.Match[str]) -> str:
    return r"\Z" if found[0] == "$" else found[0]


@cache
def python_pattern(pattern: str) -> str:
    """Go's `$` is the end of the text, Python's also stands before a last newline; `\\z` is Go's name for it."""
    # An escape, or a class, in which `$` is itself, is passed over whole.
    text = re.sub(r"\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]|\$", _end_of_text, pattern)
    return text.replace(r"\z", r"\Z").replace("[[:alnum:]]", "[0-9A-Za-z]").replace("[[:alpha:]]", "[A-Za-z]")
