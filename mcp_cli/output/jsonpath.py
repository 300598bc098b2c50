"""kubectl's JSONPath templates on `jsonpath-ng`.

Role: templates (`{.items[*].metadata.name}`, `{range ...}{end}`, `{"\\n"}`), their parsing and evaluation. Pure but
for the final write. Called through `printer_for`, and by `columns` for single expressions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp_cli.errors import WrongUsage
from mcp_cli.output.stream import put
from mcp_cli.output.structured import json_text

if TYPE_CHECKING:
    from mcp_cli.output.table import Table

_PIECE = re.compile(r"\{((?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^{}\"'])*)\}")
_FIELD = re.compile(r"\.((?:\\.|[^.\[\]\\\s])+)")
_STEP = re.compile(r"\.\.(?:\\.|[^.\[\]\\])*|\.(?:\\.|[^.\[\]\\])+|\[(?:\"[^\"]*\"|'[^']*'|\?\(.*?\)|[^\]\"'])*\]")

Segment = tuple[str, Any]


class JsonPathPrinter:
    """What a template gives for the document, and nothing else."""

    human = False

    def __init__(self, template: str) -> None:
        self.segments = parse(template)

    def show(
        self, document: Any, table: Callable[[], Table] | None = None, text: Callable[[], str] | None = None
    ) -> None:
        put(render(self.segments, document), newline=False)


def parse(template: str) -> list[Segment]:
    """A template as a tree: ("text", str), ("path", find), ("range", (find, segments))."""
    if "{" not in template:
        template = "{" + template + "}"
    stack: list[tuple[Any, list[Segment]]] = [(None, [])]
    position = 0
    for match in _PIECE.finditer(template):
        stack[-1][1].append(("text", template[position : match.start()]))
        position = match.end()
        _add(match.group(1).strip(), stack)
    rest = template[position:]
    if len(stack) > 1 or "{" in rest or "}" in rest:
        raise _wrong(template, "a brace or a range is not closed")
    return [*stack[0][1], ("text", rest)]


def _add(inside: str, stack: list[tuple[Any, list[Segment]]]) -> None:
    """One `{...}` of a template, onto the innermost open range."""
    if inside[:1] in ('"', "'"):
        stack[-1][1].append(("text", _unquote(inside)))
    elif inside.startswith("range"):
        stack.append((finder(inside[len("range") :].strip()), []))
    elif inside == "end":
        if len(stack) == 1:
            raise _wrong("{end}", "there is no range to end")
        find, segments = stack.pop()
        stack[-1][1].append(("range", (find, segments)))
    else:
        stack[-1][1].append(("path", finder(inside)))


def render(segments: list[Segment], document: Any) -> str:
    """The text that a parsed template gives."""
    out = []
    for kind, value in segments:
        if kind == "text":
            out.append(value)
        elif kind == "path":
            out.append(" ".join(as_text(found) for found in value(document)))
        else:
            find, inner = value
            out += [render(inner, found) for found in find(document)]
    return "".join(out)


def finder(expression: str) -> Callable[[Any], list[Any]]:
    """What finds the values of an expression in kubectl's dialect."""
    plain = expression.strip()
    if plain in ("", "@", "$", "."):
        return lambda document: [document]
    from jsonpath_ng.ext import parse as parse_path

    try:
        path = parse_path(_translate(plain))
    except Exception as error:  # the library raises bare Exceptions of several kinds
        raise _wrong(expression, str(error).splitlines()[0]) from error
    return lambda document: [match.value for match in path.find(document)]


def _translate(expression: str) -> str:
    """The same expression with every field quoted: names hold dashes, slashes and escaped dots."""
    body = expression.lstrip("$@")
    if not body.startswith((".", "[")):
        body = "." + body
    out, position = "$", 0
    for match in _STEP.finditer(body):
        if match.start() != position:
            raise ValueError(f"cannot read {body[position:]!r}")
        position = match.end()
        out += _step(match.group())
    if position != len(body):
        raise ValueError(f"cannot read {body[position:]!r}")
    return out


def _step(step: str) -> str:
    if step.startswith(".."):
        return ".." + (_FIELD.sub(_quoted, step[1:]).removeprefix(".") if step != ".." else "")
    if step.startswith("[?("):
        inside = re.sub(r"@((?:\.[^.\s=!<>)]+)+)", lambda m: "@" + _FIELD.sub(_quoted, m.group(1)), step[3:-2])
        return f"[?({inside})]"
    if step.startswith("["):
        return step
    return ".*" if step == ".*" else _FIELD.sub(_quoted, step)


def _quoted(match: re.Match[str]) -> str:
    name = match.group(1).replace("\\.", ".")
    return f".'{name}'"


def as_text(value: Any) -> str:
    """Strings as they are; everything else as JSON."""
    if isinstance(value, str):
        return value
    return json_text(value, separators=(",", ":"))


def _unquote(text: str) -> str:
    """A quoted piece with its escapes."""
    inner = text[1:-1]
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m.group(1), m.group(1)), inner)


def _wrong(expression: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"the JSONPath {expression!r} cannot be read: {why}", "For example -o jsonpath='{.items[*].metadata.name}'."
    )
