"""The answers to what a server asks during a call (elicitation).

Role: from `--input k=v`, else from the person at the terminal, else an error that says what was asked. Called by the
MCP client, as its `on_input`.
"""

from __future__ import annotations

import sys
from typing import Any

import click
from mcp_operator.protocol.questions import Question

from mcp_cli.arguments import arguments_of, type_word, types_of
from mcp_cli.errors import CliError
from mcp_cli.output.harmless import harmless
from mcp_cli.session import stdin_is_terminal


class Answers:
    """Called with each question; gives the content to accept with, or None to decline."""

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self._inputs = inputs

    def __call__(self, question: Question) -> dict[str, Any] | None:
        given = self._given(question)
        absent = [name for name in question.required if name not in given and "default" not in _field(question, name)]
        if stdin_is_terminal() and sys.stderr.isatty():
            return self._prompted(question, given)
        if absent or not self._inputs:
            raise self._unanswered(question, absent)
        return given

    def _given(self, question: Question) -> dict[str, Any]:
        """The inputs that belong to this question's fields, typed by them."""
        known = tuple(pair for pair in self._inputs if pair.partition("=")[0] in question.properties)
        return arguments_of(known, dict(question.schema), "--input")

    def _prompted(self, question: Question, given: dict[str, Any]) -> dict[str, Any] | None:
        click.echo(f"The server asks: {harmless(question.message)}", err=True)
        if not question.properties:
            return {} if click.confirm("Agree?", err=True) else None
        fields = [name for name in question.properties if name not in given]
        if fields and not click.confirm("Answer?", default=True, err=True):
            return None
        content = dict(given)
        for name in fields:
            value = _prompt(question, name)
            if value is not None:
                content[name] = value
        return content

    def _unanswered(self, question: Question, absent: list[str]) -> CliError:
        fields = ", ".join(f"{name} ({type_word(_field(question, name))})" for name in absent or question.properties)
        wants = f" (it wants {fields})" if fields else ""
        pairs = " ".join(f"--input {name}=VALUE" for name in absent or question.properties) or "--input agree=yes"
        return CliError(f"the server asks: {question.message}{wants}", f"Answer with {pairs}, or run it on a terminal.")


def _field(question: Question, name: str) -> dict[str, Any]:
    found = question.properties.get(name)
    return found if isinstance(found, dict) else {}


def _prompt(question: Question, name: str) -> Any:
    """One field from the person, typed by its schema; nothing where an optional one is left empty."""
    schema = _field(question, name)
    required = name in question.required
    described = f" ({schema['description']})" if schema.get("description") else ""
    text = harmless(f"{schema.get('title') or name}{described}")
    if "boolean" in types_of(schema):
        return click.confirm(text, default=schema.get("default"), err=True)
    choices = click.Choice([str(value) for value in schema["enum"]]) if schema.get("enum") else None
    default = schema.get("default", None if required else "")

    def convert(value: str) -> Any:
        if value == "" and not required:
            return None
        try:
            return arguments_of((f"{name}={value}",), dict(question.schema))[name]
        except CliError as error:
            raise click.UsageError(error.message) from error

    if choices is not None and required:
        return convert(click.prompt(text, type=choices, default=default, err=True))
    return click.prompt(text, value_proc=convert, default=default, show_default=bool(default), err=True)
