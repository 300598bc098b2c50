"""Progress that is written over, and terminals that cannot: narrow ones, wide characters, an editor's shell."""

from __future__ import annotations

import io

import pytest

from mcp_cli.live import CLEAR_LINE, LiveBlock, LiveLine
from mcp_cli.output.table import width_of

pytestmark = pytest.mark.fast


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrapped cannot be cleared; wide characters take two columns."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    stream = Tty()
    with LiveLine(stream) as line:
        for words in ("日本語" * 10, "é" * 40, "short"):
            line.show(words)
    shown = [text for text in stream.getvalue().split(CLEAR_LINE) if text]
    assert [width_of(text) for text in shown[:2]] == [18, 19]
    assert shown[2].startswith("short [")


def test_a_block_of_wide_characters_is_gone_back_over_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    stream = Tty()
    block = LiveBlock(stream)
    block.show("日本語" * 5 + "\nsecond")
    block.show("other")
    assert stream.getvalue().endswith("\x1b[3A\x1b[Jother\n")


def test_a_dumb_terminal_gets_plain_lines_on_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Tty()
    with LiveLine(stream) as line:
        for words in ("one", "one", "two"):
            line.show(words)
    block = LiveBlock(stream)
    for words in ("a", "a", "b"):
        block.show(words)
    assert stream.getvalue() == "one\ntwo\na\n\nb\n"
