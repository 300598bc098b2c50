"""CEL rules of CRDs (`x-kubernetes-validations`), through the library `cel`, which is imported when a rule is met.

Role: pure; says what is wrong with a rule when a CRD is written, and which rules a custom resource breaks. Without the
library, or where a rule needs what the library lacks, the CRD is refused: a rule is never accepted and ignored.
Called by `crd_schemas` and `validation`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.celvalues import FUNCTIONS, KNOWN_FUNCTIONS, convert
from mcp_cli.local.apimachinery.errors import Cause
from mcp_cli.local.apimachinery.schema import Schema

RULES = "x-kubernetes-validations"
MISSING = (
    "this cluster evaluates CEL rules with the Python package common-expression-language:"
    " pip install 'mcp-operator[cel]'"
)


def installed() -> bool:
    return importlib.util.find_spec("cel") is not None


@cache
def compiled(expression: str) -> Any:
    """A program; raises ValueError with the parser's words."""
    import cel

    return cel.compile(expression)


def has_rules(schema: Schema) -> bool:
    """Whether there is a rule anywhere in it."""
    if schema.rules and RULES in schema.rules:
        return True
    children = [*schema.properties.values(), schema.items, schema.additional]
    return any(child is not None and has_rules(child) for child in children)


def check_rules(raw: dict[str, Any], path: str) -> Iterator[Cause]:
    """What is wrong with the rules at one place of a schema."""
    for index, rule in enumerate(raw.get(RULES) or ()):
        place, text = f"{path}.{RULES}[{index}]", rule.get("rule", "")
        if not text.strip():
            yield wrong.required(f"{place}.rule", "rule is not specified")
        elif not installed():
            yield wrong.forbidden(f"{place}.rule", MISSING)
        else:
            yield from _compile_problem(f"{place}.rule", rule, text)
        if rule.get("messageExpression") and installed():
            yield from _compile_problem(f"{place}.messageExpression", rule, rule["messageExpression"])


def _compile_problem(place: str, rule: dict[str, Any], text: str) -> Iterator[Cause]:
    try:
        named = {name for name in compiled(text).functions() if name[:1].isalpha()}
    except ValueError as error:
        reason = str(error).partition(": ")[2] or str(error)
        yield wrong.invalid(place, _shown(rule), f"compilation failed: {reason}")
        return
    unknown = sorted(named - KNOWN_FUNCTIONS)
    if unknown:
        listed = ", ".join(unknown)
        yield wrong.invalid(place, _shown(rule), f"compilation failed: this cluster has no CEL function {listed}")


def _shown(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "Rule": rule.get("rule", ""),
        "Message": rule.get("message", ""),
        "MessageExpression": rule.get("messageExpression", ""),
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath", ""),
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }


def evaluate(schema: Schema, obj: dict[str, Any], old: dict[str, Any] | None) -> list[Cause]:
    """The rules that an object breaks, from the root down."""
    if not installed():
        return [wrong.forbidden("<nil>", MISSING)]
    return list(_walk(schema, obj, old, ""))


def _walk(schema: Schema, value: Any, old: Any, path: str) -> Iterator[Cause]:
    if value is None:
        return
    for rule in (schema.rules or {}).get(RULES) or ():
        yield from _evaluate(rule, schema, value, old, path)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for key, member in value.items():
            child = schema.child(key)
            if child is not None:
                place = f"{path}[{key}]" if key not in schema.properties else f"{path}.{key}" if path else key
                yield from _walk(child, member, before.get(key), place)
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            yield from _walk(schema.items, item, _counterpart(schema, item, old), f"{path}[{index}]")


def _counterpart(schema: Schema, item: Any, old: Any) -> Any:
    """The item of the old list with the same keys; only lists of type map have such."""
    if schema.list_type != "map" or not isinstance(old, list) or not isinstance(item, dict):
        return None
    wanted = [item.get(key) for key in schema.list_keys]
    return next((o for o in old if isinstance(o, dict) and [o.get(key) for key in schema.list_keys] == wanted), None)


def _evaluate(rule: dict[str, Any], schema: Schema, value: Any, old: Any, path: str) -> Iterator[Cause]:
    text = rule["rule"].strip()
    program = compiled(text)
    transition = "oldSelf" in program.variables()
    if transition and old is None and not rule.get("optionalOldSelf"):
        return
    names = {"self": convert(schema, value)}
    if old is not None:
        names["oldSelf"] = convert(schema, old)
    place = path + (rule.get("fieldPath") or "") or "<nil>"
    try:
        holds = _run(program, names)
    except Exception as error:
        yield wrong.invalid(path or "<nil>", _kind(value), f"{_reason(error)} evaluating rule: {text}")
        return
    if holds is not True:
        yield _cause(rule, place, value, _message(rule, names, text))


def _run(program: Any, names: dict[str, Any]) -> Any:
    import cel

    context = cel.Context()
    for name, function in FUNCTIONS.items():
        context.add_function(name, function)
    for name, value in names.items():
        context.add_variable(name, value)
    return program.execute(context)


def _message(rule: dict[str, Any], names: dict[str, Any], text: str) -> str:
    expression = rule.get("messageExpression")
    if expression:
        try:
            said = _run(compiled(expression), names)
        except Exception:
            said = None
        if isinstance(said, str) and said.strip():
            return said
    return rule.get("message") or f"failed rule: {text}"


def _cause(rule: dict[str, Any], place: str, value: Any, message: str) -> Cause:
    match rule.get("reason"):
        case "FieldValueRequired":
            return wrong.required(place, message)
        case "FieldValueForbidden":
            return wrong.forbidden(place, message)
        case "FieldValueDuplicate":
            return wrong.duplicate(place, value)
    if isinstance(value, dict | list):
        return Cause("FieldValueInvalid", f"Invalid value: {message}", place)
    return wrong.invalid(place, value, message)


def _kind(value: Any) -> str:
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else str(value)


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no such key: {error.args[0]}"
    return "division by zero" if isinstance(error, ZeroDivisionError) else str(error)
