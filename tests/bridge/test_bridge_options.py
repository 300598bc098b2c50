"""The bridge's command line."""

from __future__ import annotations

import pytest
from mcp_operator.bridge.options import parse

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--keep-alive", "0"], "must be more than 0"),
        (["--keep-alive", "inf"], "must be more than 0 and finite"),
        (["--drain", "nan"], "must not be negative"),
        (["--session-idle", "-1"], "must not be negative"),
        (["--drain", "soon"], "must be a number of seconds"),
        (["--port", "65536"], "must be between 0 and 65535"),
        (["--port", "http"], "must be between 0 and 65535"),
        (["--max-sessions", "0"], "must be at least 1"),
    ],
)
def test_number_that_cannot_be_meant_is_wrong_usage(
    flags: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([*flags, "--", "server"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert flags[0] in said
    assert why in said


def test_what_is_after_the_dashes_is_the_command() -> None:
    options = parse(["--port", "0", "--drain", "0", "--", "server", "--port", "5", "--"])
    assert options.command == ("server", "--port", "5", "--")
    assert (options.port, options.drain) == (0, 0.0)
