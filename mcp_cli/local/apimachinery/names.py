"""Names, labels and the rules that they keep, with the messages of Kubernetes.

Role: pure checks that return the list of what is wrong (empty: nothing), and the suffix of `generateName`.
Called by the validations, the selectors and the API server.
"""

from __future__ import annotations

import re
import secrets

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character"
)
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character"
)
LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
LABEL_1035_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character,"
    " and end with an alphanumeric character"
)
QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
QUALIFIED_MESSAGE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
LABEL_VALUE = rf"({QUALIFIED})?"
LABEL_VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character"
)
CONFIG_KEY = r"[-._a-zA-Z0-9]+"
ENV_NAME = r"[ -<>-~]+"
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
# A name leaves room for the suffix.
MAX_GENERATED_BASE = 58


def _full(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value) is not None


def _regex_error(message: str, pattern: str, *examples: str) -> str:
    shown = ",  or ".join(f"'{example}'" for example in examples)
    hint = f"e.g. {shown}, " if examples else ""
    return f"{message} ({hint}regex used for validation is '{pattern}')"


def too_long(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def is_dns1123_label(value: str) -> list[str]:
    out = [too_long(63)] if len(value) > 63 else []
    if not _full(LABEL, value):
        if _full(SUBDOMAIN, value):
            return [*out, "must not contain dots"]
        out.append(_regex_error(LABEL_MESSAGE, LABEL, "my-name", "123-abc"))
    return out


def is_dns1123_subdomain(value: str) -> list[str]:
    out = [too_long(253)] if len(value) > 253 else []
    if not _full(SUBDOMAIN, value):
        out.append(_regex_error(SUBDOMAIN_MESSAGE, SUBDOMAIN, "example.com"))
    return out


def is_dns1035_label(value: str) -> list[str]:
    out = [too_long(63)] if len(value) > 63 else []
    if not _full(LABEL_1035, value):
        out.append(_regex_error(LABEL_1035_MESSAGE, LABEL_1035, "my-name", "abc-123"))
    return out


def is_path_segment(value: str) -> list[str]:
    """Names of RBAC objects: anything that fits between two slashes."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in value]


def is_qualified_name(value: str) -> list[str]:
    """The key of a label or an annotation, the name of a finalizer."""
    parts = value.split("/")
    out: list[str] = []
    if len(parts) > 2:
        hint = _regex_error(f"a valid label key {QUALIFIED_MESSAGE}", QUALIFIED, "MyName", "my.name", "123-abc")
        return [f"{hint} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    if len(parts) == 2:
        if not parts[0]:
            out.append("prefix part must be non-empty")
        else:
            out.extend(f"prefix part {message}" for message in is_dns1123_subdomain(parts[0]))
    name = parts[-1]
    if not name:
        out.append("name part must be non-empty")
    elif len(name) > 63:
        out.append("name part " + too_long(63, "bytes"))
    if not _full(QUALIFIED, name):
        out.append("name part " + _regex_error(QUALIFIED_MESSAGE, QUALIFIED, "MyName", "my.name", "123-abc"))
    return out


def is_label_value(value: str) -> list[str]:
    out = [too_long(63, "bytes")] if len(value) > 63 else []
    if not _full(LABEL_VALUE, value):
        out.append(_regex_error(LABEL_VALUE_MESSAGE, LABEL_VALUE, "MyValue", "my_value", "12345"))
    return out


def is_config_key(value: str) -> list[str]:
    """The key of a ConfigMap's or Secret's data."""
    out = [too_long(253)] if len(value) > 253 else []
    if not _full(CONFIG_KEY, value):
        message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        out.append(_regex_error(message, CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if value in (".", ".."):
        out.append(f"must not be '{value}'")
    elif value.startswith(".."):
        out.append("must not start with '..'")
    return out


def is_port_name(value: str) -> list[str]:
    """IANA service names, of container ports and target ports."""
    out = []
    if len(value) > 15:
        out.append("must be no more than 15 characters")
    if not _full(r"[-a-z0-9]*", value):
        out.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        out.append("must contain at least one letter (a-z)")
    if "--" in value:
        out.append("must not contain consecutive hyphens")
    if value and (value[0] == "-" or value[-1] == "-"):
        out.append("must not begin or end with a hyphen")
    return out


def is_env_name(value: str) -> list[str]:
    """Any printable ASCII but `=`."""
    if _full(ENV_NAME, value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def generate(base: str) -> str:
    """`generateName` plus five characters that spell no word."""
    return base[:MAX_GENERATED_BASE] + "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(5))
