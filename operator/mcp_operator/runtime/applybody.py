"""The body of a server-side apply: JSON that is read as YAML.

Role: one pure function. API servers read these bodies with a YAML reader, which refuses two things that JSON writers
do: half of a character outside the basic plane as an escape of its own (an emoji), and a bare DEL. Called by `client`
and by the command line's `kube`.
"""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPED = re.compile("[\x7f-\uffff]")


def apply_body(body: dict[str, Any]) -> bytes:
    """The object for `application/apply-patch+yaml`; every API server reads back the same strings."""
    text = json.dumps(body, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()
