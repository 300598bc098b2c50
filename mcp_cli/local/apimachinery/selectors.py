"""Label selectors: the text form of queries and the object form of specs.

Role: pure; parses, prints canonically, matches. Called by the API server, validation and the workload controllers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.apimachinery import errors, names

TOKENS = re.compile(r"\s*(?:(==|!=|=|!|\(|\)|,|<|>)|([^\s=!(),<>]+))")
RESERVED = ("=", "==", "!=", "(", ")", ",", "<", ">")
COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<": "lt", ">": "gt"}
OBJECT_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition; `operator` is in, notin, exists, !, =, !=, gt or lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "exists":
                return value is not None
            case "!":
                return value is None
            case "in" | "=":
                return value in self.values
            case "notin" | "!=":
                return value not in self.values
        if value is None or not value.lstrip("-").isdigit():
            return False
        return int(value) > int(self.values[0]) if self.operator == "gt" else int(value) < int(self.values[0])

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "=" | "!=":
                return f"{self.key}{self.operator}{self.values[0]}"
            case "gt" | "lt":
                return f"{self.key}{'>' if self.operator == 'gt' else '<'}{self.values[0]}"
        return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements hold. `nothing` matches no object (a selector that is not set)."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        if self.nothing:
            return False
        present = labels or {}
        return all(requirement.matches(present) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


NOTHING = Selector(nothing=True)


class _Parser:
    """Recursive descent over the tokens of one selector."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            match = TOKENS.match(stripped, position)
            if match is None:
                break
            self.tokens.append(match.group(1) or match.group(2))
            position = match.end()
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def parse(self) -> list[Requirement]:
        out: list[Requirement] = []
        if not self.peek():
            return out
        while True:
            if self.peek() in RESERVED:
                raise ValueError(f"found '{self.peek()}', expected: !, identifier, or 'end of string'")
            try:
                out.append(self.requirement())
            except ValueError as error:
                raise ValueError(f"unable to parse requirement: {error}") from None
            token = self.next()
            if not token:
                return out
            if token != ",":
                raise ValueError(f"found '{token}', expected: ',' or 'end of string'")
            if not self.peek() or self.peek() in RESERVED:
                raise ValueError(f"found '{self.peek()}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        negated = self.peek() == "!"
        if negated:
            self.next()
        key = self.next()
        if not key or key in RESERVED:
            raise ValueError(f"found '{key}', expected: identifier")
        _check_key(key)
        if negated or self.peek() in ("", ","):
            return Requirement(key, "!" if negated else "exists")
        return self.operation(key)

    def operation(self, key: str) -> Requirement:
        operator = self.next()
        if operator in ("in", "notin"):
            return Requirement(key, operator, self.values(key))
        plain = COMPARISONS.get(operator)
        if plain is None:
            raise ValueError(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        value = "" if self.peek() in ("", ",") else self.next()
        if value in RESERVED and value:
            raise ValueError(f"found '{value}', expected: identifier")
        if plain in ("gt", "lt") and not re.fullmatch(r"[+-]?\d+", value):
            reason = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise ValueError(f"values[0]: Invalid value: {json.dumps(value)}: {reason}")
        _check_value(key, 0, value)
        return Requirement(key, plain, (value,))

    def values(self, key: str) -> tuple[str, ...]:
        opening = self.next()
        if opening != "(":
            raise ValueError(f"found '{opening}' expected: '('")
        found: list[str] = [""]
        while (token := self.next()) != ")":
            if not token or (token != "," and found[-1]):
                raise ValueError(f"found '{token}', expected: ',' or ')'")
            if token == ",":
                found.append("")
            else:
                found[-1] = token
        for index, value in enumerate(found):
            _check_value(key, index, value)
        return tuple(found)


def _check_key(key: str) -> None:
    wrong = names.is_qualified_name(key)
    if wrong:
        raise ValueError(f"<nil>: Invalid value: {json.dumps(key)}: {'; '.join(wrong)}")


def _check_value(key: str, index: int, value: str) -> None:
    wrong = names.is_label_value(value)
    if wrong:
        raise ValueError(f"values[{index}][{key}]: Invalid value: {json.dumps(value)}: {'; '.join(wrong)}")


def parse(text: str) -> Selector:
    """The selector of a query such as `app=web,tier in (a, b),!legacy`; raises 400."""
    try:
        return Selector(tuple(sorted(_Parser(text).parse(), key=lambda requirement: requirement.key)))
    except ValueError as error:
        raise errors.bad_request(str(error)) from None


def from_object(selector: Mapping[str, Any] | None) -> Selector:
    """A `metav1.LabelSelector`: None selects nothing, an empty one everything."""
    if selector is None:
        return NOTHING
    found = [Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = OBJECT_OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            raise errors.bad_request(f'"{expression.get("operator")}" is not a valid label selector operator')
        found.append(Requirement(expression["key"], operator, tuple(expression.get("values") or ())))
    return Selector(tuple(sorted(found, key=lambda requirement: requirement.key)))


def from_map(labels: Mapping[str, str] | None) -> Selector:
    """The selector of a Service or a ReplicationController: None selects nothing."""
    return from_object({"matchLabels": labels}) if labels else NOTHING


def chosen(selector: Selector, objects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in objects if selector.matches((item.get("metadata") or {}).get("labels"))]
