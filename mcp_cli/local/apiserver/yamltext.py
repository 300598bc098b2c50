"""YAML as the real server reads and writes it. Pure; PyYAML is imported on first use. Called by `codec`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# As deep as JSON is read here. The C library of YAML recurses, and ends the process when its stack does.
DEEPEST = 1_000


class YamlError(ValueError):
    """The text is no YAML; the message is one line."""


def load(data: bytes) -> Any:
    """A document as plain data; raises YamlError."""
    import yaml

    try:
        _measure(data)
        return yaml.load(data, Loader=_loader())
    except RecursionError:
        raise YamlError("exceeded max depth") from None
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from None


def _measure(data: bytes) -> None:
    """Raises YamlError for a document that is nested too deeply."""
    import yaml

    depth = 0
    for event in yaml.parse(data, _loader()):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise YamlError("exceeded max depth")


def dump(value: Any) -> bytes:
    """Plain data as a document."""
    import yaml

    return yaml.dump(value, Dumper=_dumper(), default_flow_style=False, allow_unicode=True).encode()


@cache
def _loader() -> Any:
    """No dates of YAML's own (an object has none but strings), and Go's idea of booleans."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("PlainLoader", (base,), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN"))
    loader.bool_values = {**base.bool_values, "y": True, "n": False}
    return loader


@cache
def _dumper() -> Any:
    """What would read as something else than text is in double quotes; nothing is an alias."""
    import yaml

    dumper: Any = type("QuotingDumper", (yaml.SafeDumper,), {})
    dumper.add_representer(str, _represent_text)
    dumper.ignore_aliases = lambda *_: True
    return dumper


def _represent_text(dumper: Any, text: str) -> Any:
    import yaml

    tag = "tag:yaml.org,2002:str"
    plain = dumper.resolve(yaml.ScalarNode, text, (True, False)) == tag
    style = "|" if "\n" in text else None if plain and text else '"'
    return dumper.represent_scalar(tag, text, style=style)
