"""The fixed contents of the judge's server: an image, a sound, resources, prompts. Called by: `everything.py`."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

Content = dict[str, Any]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


_PIXEL = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
_PIXEL += _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + _chunk(b"IEND", b"")
IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + _PIXEL).decode()

_FORMAT = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
_WAVE = b"WAVEfmt " + struct.pack("<I", 16) + _FORMAT + b"data" + struct.pack("<I", 4) + b"\x80" * 4
AUDIO = base64.b64encode(b"RIFF" + struct.pack("<I", len(_WAVE)) + _WAVE).decode()


def text(words: str) -> Content:
    return {"type": "text", "text": words}


def image() -> Content:
    return {"type": "image", "data": IMAGE, "mimeType": "image/png"}


RESOURCES: list[tuple[Content, Content]] = [
    (
        {"uri": "test://static-text", "name": "static-text", "description": "A text", "mimeType": "text/plain"},
        {"mimeType": "text/plain", "text": "This is the content of the static text resource."},
    ),
    (
        {"uri": "test://static-binary", "name": "static-binary", "description": "A picture", "mimeType": "image/png"},
        {"mimeType": "image/png", "blob": IMAGE},
    ),
    (
        {"uri": "test://watched-resource", "name": "watched", "description": "Watched", "mimeType": "text/plain"},
        {"mimeType": "text/plain", "text": "This is watched."},
    ),
]


def _simple(arguments: dict[str, str]) -> list[Content]:
    return [text("This is a simple prompt for testing.")]


def _with_arguments(arguments: dict[str, str]) -> list[Content]:
    return [text(f"Prompt with arguments: arg1='{arguments.get('arg1')}', arg2='{arguments.get('arg2')}'")]


def _with_resource(arguments: dict[str, str]) -> list[Content]:
    words = "Embedded resource content for testing."
    resource = {"uri": arguments.get("resourceUri", "test://none"), "mimeType": "text/plain", "text": words}
    return [{"type": "resource", "resource": resource}, text("Please process the embedded resource above.")]


def _with_image(arguments: dict[str, str]) -> list[Content]:
    return [image(), text("Please analyze the image above.")]


def _entry(name: str, *arguments: str) -> Content:
    wanted = [{"name": argument, "description": f"The {argument}", "required": True} for argument in arguments]
    return {"name": name, "description": f"Conformance prompt {name}", "arguments": wanted}


PROMPTS: list[tuple[Content, Callable[[dict[str, str]], list[Content]]]] = [
    (_entry("test_simple_prompt"), _simple),
    (_entry("test_prompt_with_arguments", "arg1", "arg2"), _with_arguments),
    (_entry("test_prompt_with_embedded_resource", "resourceUri"), _with_resource),
    (_entry("test_prompt_with_image"), _with_image),
    (_entry("test_input_required_result_prompt"), _simple),
]
