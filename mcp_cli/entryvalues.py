"""The flags that answer what an entry of the catalogue asks for: `--set`, `--secret`, `--values`.

Role: Click options, their grammars, and what they say as one value. Not its job: knowing what an entry asks for
(`mcp_operator.catalog`). On the path of `mcp deploy --help`, so it imports little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.errors import WrongUsage

if TYPE_CHECKING:
    from mcp_operator.catalog.options import SecretKey

SECRET_HINT = "For example --secret api_key=my-secret/token."


@dataclass(frozen=True, slots=True)
class EntryValues:
    """What the flags say, as it was written."""

    sets: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def value_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags, as `sets`, `secrets` and `value_files`."""
    for option in (
        click.option("--values", "value_files", multiple=True, type=click.Path(), help="YAML file of such values."),
        click.option(
            "--secret",
            "secrets",
            multiple=True,
            metavar="KEY=SECRET/KEY",
            help="Take a value that the entry asks for from a Secret.",
        ),
        click.option(
            "--set", "sets", multiple=True, metavar="KEY=VALUE", help="A value that the catalogue's entry asks for."
        ),
    ):
        function = option(function)
    return function


def values_of(given: EntryValues) -> dict[str, Any]:
    """The values by key; a flag wins over a file, a later file over an earlier one. Raises WrongUsage."""
    found: dict[str, Any] = {}
    for path in given.files:
        found |= _read(path)
    for pair in given.sets:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise WrongUsage(f'--set "{pair}" is not KEY=VALUE', "For example --set url=https://example.com.")
        found[key] = value
    return found


def secret_keys_of(given: EntryValues) -> dict[str, SecretKey]:
    """The keys of Secrets by the key of the value. Raises WrongUsage."""
    from mcp_operator.catalog.options import SecretKey

    found = {}
    for pair in given.secrets:
        key, _, place = pair.partition("=")
        secret, slash, name = place.partition("/")
        if not (key and secret and slash and name):
            # What stands behind the sign may be the secret itself, given in the wrong form.
            raise WrongUsage(f"--secret {key or 'KEY'}=... is not KEY=SECRET/KEY", SECRET_HINT)
        found[key] = SecretKey(secret, name)
    return found


def _read(path: str) -> dict[str, Any]:
    import sys
    from pathlib import Path

    import yaml

    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        document = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "it is no text"
        raise WrongUsage(f"--values {path}: {words.lower()}", "Check the path and its permissions.") from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f" (line {line + 1})" if line is not None else ""
        raise WrongUsage(f"--values {path} is no YAML{where}", "It holds a mapping: key: value.") from error
    if not isinstance(document, dict | None):
        raise WrongUsage(f"--values {path} holds no mapping", "It holds lines like key: value.")
    return {str(key): value for key, value in (document or {}).items()}
