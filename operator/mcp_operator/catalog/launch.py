"""A package of the official format -> the parts of a spec that say what runs. Pure.

Role: npm, PyPI and OCI packages with their arguments, environment, mounts and endpoint. Called by `to_server.py`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from mcp_operator.api import names
from mcp_operator.catalog import runners
from mcp_operator.catalog.arguments import command_line
from mcp_operator.catalog.endpoint import EVERYWHERE, for_a_pod, port_and_path
from mcp_operator.catalog.environment import declared, environment
from mcp_operator.catalog.errors import NotDeployable
from mcp_operator.catalog.model import RUNTIMES, Argument, Package, Variable
from mcp_operator.catalog.options import EntryOptions, Manifest
from mcp_operator.catalog.runners import Start
from mcp_operator.catalog.values import Values
from mcp_operator.catalog.volumes import Mounts, begins_with_given

TRANSPORTS = ("stdio", "streamable-http", "sse")
COMMAND_UNKNOWN = "the image speaks stdio and its registry says no command: give it with --command WORD for each word"


def package_spec(package: Package, published: str, values: Values, options: EntryOptions) -> Manifest:
    """What runs, how it is spoken to, and its environment; `published` is when. Raises NotDeployable."""
    if package.transport not in TRANSPORTS:
        raise NotDeployable(
            f"its transport is {package.transport!r}, which is not served here", f"known: {', '.join(TRANSPORTS)}"
        )
    package = for_a_pod(package)
    start = runners.read(package)
    words = command_line((*start.arguments, *runners.own_arguments(package)), values)
    command = _command(package, start, options)
    if options.args:
        words = list(options.args)
    spec: Manifest = {"runtime": _runtime(package, start, command, words, options), "transport": {}}
    _serve(spec, package, values)
    asked = (*package.env, *_passed(start, package), *_beside(package, published, options))
    env = environment(asked, values, options, declared(values, options))
    spec |= {
        key: value for key, value in {"env": env, **_mounted(start, values), **_user(start, values)}.items() if value
    }
    if package.kind == "oci" and package.transport == "stdio" and not command:
        values.note(COMMAND_UNKNOWN)
    for note in start.notes:
        values.note(note)
    return spec


def image_of(package: Package, version: str | None) -> str:
    """The image with its tag or digest."""
    found = version or package.version
    return package.identifier + (f"{'@' if found.startswith('sha256:') else ':'}{found}" if found else "")


def _command(package: Package, start: Start, options: EntryOptions) -> list[str]:
    if options.command or package.command:
        return list(options.command or package.command)
    if package.kind == "oci":
        return [start.entrypoint] if start.entrypoint else []
    return [start.executable] if start.executable else []


def _runtime(package: Package, start: Start, command: list[str], words: list[str], options: EntryOptions) -> Manifest:
    if package.kind == "oci":
        what = {"image": image_of(package, options.version)}
    else:
        version = options.version or package.version
        separator = "==" if package.kind == "pypi" else "@"
        pinned = f"{separator}{version}" if version and version != "latest" else ""
        what = {"package": (start.identifier or package.identifier) + pinned}
    listed = {"command": command, "args": words}
    return {"type": RUNTIMES[package.kind], **what, **{key: value for key, value in listed.items() if value}}


def _serve(spec: Manifest, package: Package, values: Values) -> None:
    spec["transport"] = {"type": package.transport}
    if package.transport != "stdio":
        port, path = port_and_path(package, values)
        spec["port"] = port
        if path != names.DEFAULT_PATH:
            spec["transport"]["path"] = path


def _beside(package: Package, published: str, options: EntryOptions) -> list[Variable]:
    """Variables that no entry declares and many servers need.

    A Python package names the oldest versions that it works with and seldom the newest: the dependencies of a pinned
    version are those of the day on which it was published. FastMCP listens on localhost unless told otherwise.
    """
    found: list[Variable] = []
    day = re.match(r"\d{4}-\d{2}-\d{2}", published)
    if package.kind == "pypi" and package.version not in (None, "latest") and not options.version and day:
        try:
            until = date.fromisoformat(day[0]) + timedelta(days=2)
        except (ValueError, OverflowError):
            return found
        found.append(Variable("UV_EXCLUDE_NEWER", default=until.isoformat()))
    if package.kind == "pypi" and package.transport != "stdio":
        found.append(Variable("FASTMCP_HOST", default=EVERYWHERE))
    known = {variable.name for variable in package.env}
    return [variable for variable in found if variable.name not in known]


def _passed(start: Start, package: Package) -> list[Variable]:
    """Variables of `docker run -e NAME=VALUE`; `-e NAME` alone only says that NAME is passed on."""
    known = {variable.name for variable in package.env}
    found = []
    for argument in start.env:
        name, equals, value = (argument.value or "").partition("=")
        if name and name not in known:
            facts = {"required": argument.required, "secret": argument.secret, "variables": argument.variables}
            found.append(Variable(name, argument.description, value=value if equals else None, **facts))  # type: ignore[arg-type]
    return found


def _mounted(start: Start, values: Values) -> dict[str, Any]:
    mounts = Mounts()
    for argument in start.mounts:
        text = values.text(argument)
        if text is not None:
            mounts.add(text, given=_given(argument, values))
    for note in mounts.notes:
        values.note(note)
    return {"volumes": mounts.volumes, "volumeMounts": mounts.mounts}


def _given(argument: Argument, values: Values) -> bool:
    """Whether a person chose where the folder is."""
    filled = [f"{{{part.name}}}" for part in argument.variables if values.given(part.name) is not None]
    return begins_with_given(argument.value or "", filled)


def _user(start: Start, values: Values) -> dict[str, Any]:
    if start.user is None:
        return {}
    return user_of(values.text(start.user) or "", values)


def user_of(text: str, values: Values) -> dict[str, Any]:
    """`UID[:GID]` as a security context; names of users are known to the image alone."""
    found = re.fullmatch(r"(\d+)(?::(\d+))?", text)
    if not found:
        if text:
            values.note(f"the user {text!r} is left out: a pod needs its number")
        return {}
    context: dict[str, Any] = {"runAsUser": int(found[1])} | ({"runAsGroup": int(found[2])} if found[2] else {})
    return {"securityContext": context | ({"runAsNonRoot": False} if context["runAsUser"] == 0 else {})}
