"""Bodies: what a request sends, and the form in which the answer is wanted (object, Table, metadata; JSON, YAML)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import errors, gowords
from mcp_cli.local.apiserver import protobuf, refusals, yamltext
from mcp_cli.local.apiserver.pace import Pace

if TYPE_CHECKING:
    from starlette.requests import Request

# The real server reads a body's kind into this before anything else.
_TYPE_META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
BODY_LIMIT = 3 * 1024 * 1024
JSON = "application/json"
YAML = "application/yaml"
SUPPORTED = (JSON, YAML)
READABLE = (JSON, YAML, protobuf.MEDIA_TYPE)
TABLE, METADATA, METADATA_LIST, OBJECT = "Table", "PartialObjectMetadata", "PartialObjectMetadataList", ""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an answer."""

    media_type: str = JSON
    kind: str = OBJECT
    version: str = ""

    @property
    def content_type(self) -> str:
        return self.media_type


def negotiate(accept: str, *, streaming: bool = False) -> Form:
    """The first form in the Accept header that the server can give; 406 where there is none."""
    if not accept.strip():
        return Form()
    for clause in accept.split(","):
        media_type, *parameters = [part.strip() for part in clause.split(";")]
        wanted = dict(part.split("=", 1) for part in parameters if "=" in part)
        form = _form(media_type, wanted)
        if form is not None and not (streaming and form.media_type == YAML):
            return form
    known = any(_form(clause.split(";")[0].strip(), {}) for clause in accept.split(","))
    raise refusals.not_acceptable(known_type=known)


def _form(media_type: str, wanted: dict[str, str]) -> Form | None:
    if media_type in ("*/*", "application/*"):
        media_type = JSON
    if media_type == "text/yaml":
        media_type = YAML
    if media_type not in SUPPORTED:
        return None
    kind = wanted.get("as", OBJECT)
    if kind not in (TABLE, METADATA, METADATA_LIST, OBJECT):
        return None
    if kind and (wanted.get("g") != "meta.k8s.io" or wanted.get("v") not in ("v1", "v1beta1")):
        return None
    return Form(media_type, kind, wanted.get("v", ""))


def encode(value: Any, media_type: str = JSON) -> bytes:
    """An object as bytes of a media type."""
    if media_type == YAML:
        return yamltext.dump(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


async def encode_list(value: dict[str, Any], name: str) -> bytes:
    """An object as JSON whose last field `name` is a list that may be long."""
    pace, pieces = Pace(), []
    for item in value[name]:
        await pace()
        pieces.append(encode(item)[:-1])
    return encode({**value, name: []})[: -len(b"]}\n")] + b",".join(pieces) + b"]}\n"


def media_type_of(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def read_body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The whole body, unless it is longer than the server takes."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise errors.too_large(f"Request entity too large: limit is {limit}")
        chunks.append(chunk)
    return b"".join(chunks)


def parse(data: bytes, media_type: str, kind: str = "object", *, accepted: tuple[str, ...] = READABLE) -> Any:
    """A body as plain data; the words for a broken one are those of the real server."""
    if media_type in ("text/yaml", "application/x-yaml"):
        media_type = YAML
    if media_type == protobuf.MEDIA_TYPE:
        try:
            return protobuf.decode(data)
        except protobuf.ProtobufError as error:
            raise errors.bad_request(str(error)) from None
    if media_type and media_type not in accepted:
        raise refusals.unknown_body()
    if media_type == YAML:
        return _parse_yaml(data, kind)
    try:
        return json.loads(data)
    except RecursionError:
        raise refusals.unreadable(kind, "exceeded max depth", data) from None
    except ValueError as error:
        if media_type != JSON and data.strip():
            return _parse_yaml(data, kind)
        problem = gowords.syntax_error(error) if isinstance(error, json.JSONDecodeError) else str(error)
        raise refusals.unreadable(kind, problem, data) from None


def _parse_yaml(data: bytes, kind: str) -> Any:
    try:
        return yamltext.load(data)
    except yamltext.YamlError as error:
        raise refusals.broken_body(kind, f"yaml: {error}") from None


async def read_object(request: Request, kind: str = "object") -> dict[str, Any]:
    """The object of a create or update request."""
    data = await read_body(request)
    value = parse(data, media_type_of(request), kind)
    if not isinstance(value, dict | None):
        found = {list: "array", str: "string", bool: "bool"}.get(type(value), "number")
        raise refusals.unreadable(kind, f"json: cannot unmarshal {found} into Go value of type {_TYPE_META}", data)
    return value or {}


async def read_optional(request: Request) -> dict[str, Any]:
    """A body that may be absent (DeleteOptions)."""
    data = await read_body(request)
    if not data:
        return {}
    value = parse(data, media_type_of(request))
    return value if isinstance(value, dict) else {}
