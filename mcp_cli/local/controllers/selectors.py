"""Label selectors as objects carry them (`matchLabels`, `matchExpressions`), and node selector terms.

Pure. Called by the controllers; the API server's selectors in queries are another grammar (`apimachinery.selectors`).
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def matches(selector: Object | None, labels: dict[str, str]) -> bool:
    """`metav1.LabelSelector`: none selects nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(expression_matches(each, labels) for each in selector.get("matchExpressions") or ())


def selects_everything(selector: Object | None) -> bool:
    return selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions")


def expression_matches(expression: Object, labels: dict[str, str]) -> bool:
    """One requirement; the operators Gt and Lt exist in node selectors only."""
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or []
    present = key in labels
    if operator == "In":
        return present and labels[key] in values
    if operator == "NotIn":
        return not present or labels[key] not in values
    if operator == "Exists":
        return present
    if operator == "DoesNotExist":
        return not present
    if operator in ("Gt", "Lt") and present:
        return _compare(operator, labels[key], values[0])
    return False


def _compare(operator: str, label: str, bound: str) -> bool:
    try:
        return int(label) > int(bound) if operator == "Gt" else int(label) < int(bound)
    except ValueError:
        return False


def node_term_matches(term: Object, node: Object) -> bool:
    """One term of a node selector; an empty one matches nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    labels = node["metadata"].get("labels") or {}
    names = {"metadata.name": node["metadata"]["name"]}
    return all(expression_matches(each, labels) for each in expressions) and all(
        expression_matches(each, names) for each in fields
    )
