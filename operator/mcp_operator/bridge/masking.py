"""Secrets out of words that will be read by others than the server's owner. Pure.

Role: the values of the variables that are secret, and what has the form of a credential, become `***`. A short value is
masked only where it stands alone. What a program read from a file is not known here. Called by: the bridge, before it
repeats what its child said, and `lastwords.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from urllib.parse import quote

MASK = "***"
ALWAYS = (
    *("*TOKEN*", "*SECRET*", "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*_PASS", "*CREDENTIAL*", "*APIKEY*"),
    *("*API_KEY*", "*ACCESS_KEY*", "*PRIVATE_KEY*", "*_KEY", "*CONNECTION_STRING*", "*_DSN"),
)
# With `*` everything is meant that somebody gave; not what every process has.
_MACHINE = (
    *("PATH", "HOME", "PWD", "OLDPWD", "HOSTNAME", "LANG", "LC_*", "TZ", "TERM", "USER", "SHELL", "SHLVL", "TMPDIR"),
    *("_", "POD_IP", "MCP_*", "UV_*", "PIP_*", "npm_config_*", "NPM_CONFIG_*", "NODE_*", "PYTHON*", "SSL_CERT_*"),
    *("KUBERNETES_*", "*_SERVICE_HOST", "*_SERVICE_PORT*", "*_PORT", "*_PORT_[0-9]*"),
)
_SHORTEST = 4
_SHORT = 8
_FORMS = (
    (re.compile(r"(\w://[^\s:/@]*):[^\s/@]+@"), rf"\1:{MASK}@"),
    (re.compile(r"\b([Bb]earer|[Bb]asic) +(?!authenti|authori|credential|scheme)[\w.~+/=-]{12,}"), rf"\1 {MASK}"),
    (re.compile(r"\b(?:sk|rk|pk)-[\w-]{16,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"), MASK),
    (re.compile(r"\bxox[abprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"), MASK),
    (re.compile(r"(?i)((?:api[_-]?key|token|secret|passw(?:or)?d)=)[^\s\"'&,;|*]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)([\"'][\w-]*(?:api[_-]?key|token|secret|passw(?:or)?d)[\"']: ?[\"'])[^\"']+"), rf"\1{MASK}"),
)


def secret_values(environment: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    """The values of the variables that these names (with `*` for any letters) mean, and of those that sound secret."""
    found = {line for name, value in environment.items() if _is_secret(name, names) for line in value.splitlines()}
    spelled = {form for value in found for form in (value.strip(), quote(value.strip(), safe=""))}
    return tuple(sorted((value for value in spelled if len(value) >= _SHORTEST), key=len, reverse=True))


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text without these values; give it the longest first."""
    for secret in secrets:
        if len(secret) >= _SHORT:
            text = text.replace(secret, MASK)
        else:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", MASK, text)
    return text


def mask_forms(text: str) -> str:
    """The text without what looks like a credential, whatever it was."""
    for pattern, shown in _FORMS:
        text = pattern.sub(shown, text)
    return text


def _is_secret(name: str, names: Sequence[str]) -> bool:
    if any(fnmatchcase(name.upper(), pattern) for pattern in ALWAYS):
        return True
    return any(
        fnmatchcase(name, pattern) and not (pattern == "*" and any(fnmatchcase(name, own) for own in _MACHINE))
        for pattern in names
    )
