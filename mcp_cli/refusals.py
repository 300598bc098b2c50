"""The words for what an API server refuses and for one that cannot be reached.

Role: HTTP status and Kubernetes' Status object into our exceptions, each with what to do next. Pure. Called by `kube`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp_cli import errors

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

LOGIN_HINT = "Log in again, or choose another context with --context."
INSTALL_HINT = (
    "Install them with `mcp operator manifests | kubectl apply -f -`, or use --local for the embedded cluster."
)

_UNTYPED = "failed to create typed patch object ("


def from_answer(status: int, data: bytes, about: tuple[Resource, str] | None, host: str) -> errors.CliError:
    """The exception for an answer of 400 and above; `data` is a Status, or whatever stood in the way said."""
    try:
        body = json.loads(data)
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("kind") != "Status":
        text = data.decode("utf-8", "replace").strip()
        if status != 404 and text.startswith("<"):
            words = f"{host} answers {status} and does not answer like a Kubernetes API server"
            return errors.ClusterProblem(words, "Check the server in the kubeconfig, and what stands before it.")
        body = {"message": text[:300]}
    return from_status(body | {"code": body.get("code") or status}, about, host)


def from_status(body: dict[str, Any], about: tuple[Resource, str] | None, host: str) -> errors.CliError:
    """The exception for a Status object."""
    status = int(body.get("code") or 0)
    reason = body.get("reason") or ""
    message = body.get("message") or f"the API server answered {status}"
    known: dict[str, Any] = {"status": status, "reason": reason}
    if status == 401:
        return errors.ClusterProblem(f"{host} does not accept your credentials", LOGIN_HINT)
    if status == 403:
        return errors.Forbidden(
            _forbidden(message), "Ask the cluster's administrator for that right, or use another context.", **known
        )
    if status == 404:
        return _not_found(body, about, message, known)
    if status == 409:
        return errors.Conflict(message, "Look at the object and try again.", **known)
    if status == 410:
        return errors.Expired(message, **known)
    if status in (400, 422):
        return errors.Invalid(_tidy(message), _invalid_hint(about), **known)
    if status == 415:
        return errors.ApiProblem(
            "the API server does not know server-side apply", "Kubernetes 1.20 is the oldest that is served.", **known
        )
    if status == 429:
        return errors.ApiProblem(f"the API server is overloaded: {message}", "Try again in a moment.", **known)
    if about is not None and message.startswith(_UNTYPED):
        return errors.Invalid(_untyped(message, *about), _invalid_hint(about), **known)
    return errors.ApiProblem(
        f"the API server failed: {_tidy(message)}", "Try again; if it stays, look at the API server's log.", **known
    )


def _not_found(
    body: dict[str, Any], about: tuple[Resource, str] | None, message: str, known: dict[str, Any]
) -> errors.CliError:
    """A missing object, a missing kind and a missing namespace are three different things to do next."""
    details = body.get("details") or {}
    named = details.get("name")
    if about is None:
        return errors.NotFound(message, **known)
    resource, name = about
    if details.get("kind") == "namespaces" and resource.kind != "Namespace":
        return errors.NotFound(
            f'there is no namespace "{named}"', f"Create it with `kubectl create namespace {named}`.", **known
        )
    if named or (name and body.get("reason") == "NotFound" and "could not find the requested resource" not in message):
        return errors.NotFound(f'there is no {resource.kind} "{named or name}"', **known)
    what = (
        f"the cluster does not know {resource.kind} resources ({resource.plural}.{resource.group or resource.version})"
    )
    return errors.KindMissing(what, INSTALL_HINT if resource.group.endswith("allbeone.io") else "", **known)


def _forbidden(message: str) -> str:
    """Kubernetes' own sentence already names user, verb, resource and namespace."""
    head, _, tail = message.partition(" is forbidden: ")
    return f"forbidden: {tail or head}"


def _untyped(message: str, resource: Resource, name: str) -> str:
    """A server-side apply with a field or a type that the schema lacks comes as an internal error (500)."""
    lines = [_tidy(line).lstrip(".") for line in message.partition("): ")[2].splitlines()]
    words = "; ".join(line for line in lines if line not in ("", "errors:"))
    return f'{resource.kind} "{name}" is not valid: {words.replace("field not declared in schema", "no such field")}'


def _tidy(message: str) -> str:
    return " ".join(message.split())


def _invalid_hint(about: tuple[Resource, str] | None) -> str:
    if about is None or not about[0].group.endswith("allbeone.io"):
        return ""
    resource, name = about
    if not name:
        return "Check --selector: key=value, key!=value, key in (a,b), key, !key; commas between several."
    return f"`kubectl explain {resource.plural}.spec` tells the fields; --dry-run=server checks without writing."


def unreachable(error: Exception, host: str, source: str) -> errors.CliError:
    """The exception for a connection that failed, by the kind of failure."""
    words = str(getattr(error, "reason", None) or error)
    kind = type(error).__name__
    check = _check(source)
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return errors.ClusterProblem(
            f"the certificate of {host} is not to be trusted: {_reason(words)}",
            f"Correct the certificate authority in {source}.",
        )
    if "Connection refused" in words or (kind == "NewConnectionError" and "refused" in words):
        return errors.ClusterProblem(f"{host} refuses the connection", check)
    if kind == "NameResolutionError" or "getaddrinfo" in words or "Name or service not known" in words:
        return errors.ClusterProblem(f"the name in {host} is not known", check)
    if "ReadTimeout" in kind or "timed out" in words.lower():
        return errors.ClusterProblem(
            f"{host} did not answer in time", check.replace("Check", "Raise --request-timeout, or check", 1)
        )
    return errors.ClusterProblem(f"{host} cannot be reached: {_reason(words)}", check)


def _check(source: str) -> str:
    """What to do next; the embedded cluster is none to use instead of itself."""
    from mcp_cli.local.paths import ClusterPaths

    if source == str(ClusterPaths.default().kubeconfig):
        return "Check that it runs: `mcp local status` tells, `mcp local start` starts it."
    return f"Check that the cluster runs and the server in {source}; --local uses the embedded cluster instead."


def _reason(words: str) -> str:
    return words.rpartition("] ")[2].partition(" (_ssl")[0].strip() or words
