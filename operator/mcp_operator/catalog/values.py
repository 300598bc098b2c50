"""What was given for the values that an entry asks for, what is missing, and which of it comes from Secrets. Pure.

Role: one `Values` is filled while a server is made. A value from a Secret never becomes text: it becomes a variable of
the container, and the text that needs it refers to that variable as `$(NAME)`, which Kubernetes expands. Called by the
parts of `to_server.py`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcp_operator.catalog.errors import Missing, MissingValues, UnusableValues
from mcp_operator.catalog.fields import text
from mcp_operator.catalog.model import Argument, Variable
from mcp_operator.catalog.options import EntryOptions, SecretKey

SECRET_SUFFIX = "-values"
_PART = re.compile(r"\{([^{}\s]+)\}")
_PLACEHOLDER = re.compile(r"<[^<>]+>|\[?YOUR[-_ A-Z]+\]?")


class Values:
    """Looks values up and remembers what was missing, wrong, taken from Secrets, and worth a note."""

    def __init__(self, entry: str, options: EntryOptions) -> None:
        self.notes: list[str] = []
        self.secret_values: dict[str, str] = {}
        self.secret_name = f"{options.name}{SECRET_SUFFIX}"
        self._entry = entry
        self._options = options
        self._missing: dict[str, Missing] = {}
        self._wrong: list[str] = []
        self._known: dict[str, None] = {}
        self._references: dict[str, SecretKey] = {}

    @property
    def references(self) -> list[dict[str, Any]]:
        """The variables that texts refer to; they stand before those that use them."""
        return [{"name": name, "valueFrom": key.reference} for name, key in self._references.items()]

    def given(self, *keys: str) -> Any:
        """What was said under one of these keys: a value, a SecretKey, or None."""
        self._known.update(dict.fromkeys(keys))
        for key in keys:
            if key in self._options.secret_keys:
                return self._options.secret_keys[key]
            found = _find(self._options.values, key)
            if found is not None:
                return _secret_of(found) or found
        return None

    def text(self, variable: Variable, *keys: str) -> str | None:
        """The value of a variable as a text for command lines and URLs; None when nobody gives one."""
        found = self.resolve(variable, *keys)
        if isinstance(found, SecretKey):
            return self.refer((*keys, *keys_of(variable))[0], found)
        return found

    def resolve(self, variable: Variable, *keys: str, in_env: bool = False) -> str | SecretKey | None:
        """The value: what was given, what is fixed, the default; a required one that has none is noted as missing."""
        names = (*keys, *keys_of(variable))
        given = self.given(*names)
        if isinstance(given, SecretKey):
            return given
        if given is not None:
            return self.accept(variable, names[0], given)
        if variable.value is not None and not _PLACEHOLDER.fullmatch(variable.value):
            return self._fixed(variable)
        if variable.default is not None:
            return escape(variable.default)
        if variable.required or variable.value is not None:
            self.miss(variable, names[0], in_env=in_env)
        return None

    def refer(self, key: str, secret: SecretKey) -> str:
        """`$(NAME)` of a variable that takes its value from the Secret."""
        name = "MCP_VALUE_" + re.sub(r"\W+", "_", key).strip("_").upper()
        self._references[name] = secret
        return f"$({name})"

    def keep(self, key: str, value: str) -> SecretKey:
        """A secret that was given as it is: it goes into the server's own Secret."""
        name = re.sub(r"[^\w.-]", "_", key)
        self.secret_values[name] = value
        return SecretKey(self.secret_name, name)

    def miss(self, variable: Variable, key: str, *, in_env: bool = False, form: str = "") -> None:
        """Note that a required value is missing."""
        usual = f"--env {key}=VALUE" if in_env else f"--set {key}=VALUE"
        flag = f"--secret {key}=SECRET/KEY" if variable.secret else usual
        one = Missing(key, flag, variable.secret, variable.description, variable.choices, in_env, form)
        self._missing.setdefault(key, one)

    def note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def refuse(self, words: str) -> None:
        """Note that something that was given cannot be used."""
        self._wrong.append(words)

    def check(self) -> None:
        """Raises MissingValues with all that is missing, UnusableValues with all that is wrong or unknown."""
        unknown = list(self._unknown())
        wrong = [*self._wrong, *unknown]
        if wrong:
            hint = f"It takes: {', '.join(self._known)}." if self._known else "It takes no values."
            hint += " A variable of your own: --env NAME=VALUE, or --env-from-secret SECRET." if unknown else ""
            raise UnusableValues(f"{self._entry}: {'; '.join(wrong)}", hint)
        if self._missing:
            raise MissingValues(self._entry, list(self._missing.values()))

    def accept(self, variable: Variable, key: str, given: Any) -> str | SecretKey:
        """A value that was given as it is: checked, and kept apart where it is a secret."""
        value = ",".join(text(item) for item in given) if isinstance(given, list) else text(given)
        if variable.choices and value not in variable.choices:
            shown = "its value" if variable.secret else repr(value)
            self.refuse(f"{key}: {shown} is none of {', '.join(variable.choices)}")
        elif variable.format == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            self.refuse(f"{key}: {'its value' if variable.secret else repr(value)} is no number")
        return self.keep(key, value) if variable.secret else escape(value)

    def _fixed(self, variable: Variable) -> str | None:
        """The publisher's value with its parts filled in; None when a part that is not required is missing."""
        parts = {part.name: part for part in variable.variables}
        found = {name: self.text(part) for name, part in parts.items()}
        if any(value is None for value in found.values()):
            return None
        return _PART.sub(lambda part: found.get(part[1]) or part[0], escape(variable.value or ""))

    def _unknown(self) -> Iterator[str]:
        said = [*_leaves(self._options.values), *self._options.secret_keys]
        for key in said:
            if not any(key == known or key.startswith(f"{known}.") for known in self._known):
                near = difflib.get_close_matches(key, list(self._known), n=1)
                yield f"it takes no value {key!r}" + (f" (did you mean {near[0]}?)" if near else "")


def escape(words: str) -> str:
    """Text in which Kubernetes shall expand nothing."""
    return words.replace("$(", "$$(")


def argument_keys(arguments: Iterable[Argument]) -> list[str]:
    """The key of each argument: its flag without dashes, its hint, or its place among those without a name."""
    keys: list[str] = []
    for place, argument in enumerate(arguments, 1):
        key = argument.name.lstrip("-") or argument.hint.strip("<>/ ").replace(" ", "-") or f"arg{place}"
        keys.append(key if key not in keys else f"{key}{place}")
    return keys


def keys_of(variable: Variable) -> tuple[str, ...]:
    """What a person may call it: its name, the registry's key of it, and that without the server's name before it."""
    listed = (variable.name.lstrip("-"), variable.key, variable.key.partition(".")[2])
    return tuple(key for key in dict.fromkeys(listed) if key)


def _find(values: Mapping[str, Any], key: str) -> Any:
    """`a.b` as it stands, else below `a`."""
    if key in values:
        return values[key]
    head, dot, rest = key.partition(".")
    below = values.get(head) if dot else None
    return _find(below, rest) if isinstance(below, Mapping) else None


def _secret_of(value: Any) -> SecretKey | None:
    """A file of values names the key of a Secret as Kubernetes does."""
    reference = value.get("secretKeyRef") if isinstance(value, Mapping) else None
    if not isinstance(reference, Mapping) or not reference.get("name") or not reference.get("key"):
        return None
    return SecretKey(text(reference["name"]), text(reference["key"]))


def _leaves(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for key, value in values.items():
        path = f"{before}{key}"
        if isinstance(value, Mapping) and not _secret_of(value):
            yield from _leaves(value, f"{path}.")
        else:
            yield path
