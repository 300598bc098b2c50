"""Every end of a command: exit codes, two lines of words, broken pipes, interrupts, tracebacks on demand only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mcp_cli import errors, refusals
from mcp_cli.kinds import SERVERS
from tests.cli.running import mcp

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CliError("a", "b"), 1),
        (errors.WrongUsage("a"), 2),
        (errors.TimedOut("a"), 124),
        (errors.Silent(3), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.UsageError("a"), 2),
        (BrokenPipeError(), 1),
        (ValueError("a"), 1),
        (FileNotFoundError(2, "No such file or directory", "x.yaml"), 1),
    ],
)
def test_the_exit_code_of_a_failure(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_detach_stdout", lambda: None)

    def fail() -> int:
        raise error

    assert errors.boundary(fail) == code


def test_an_error_is_two_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise errors.CliError("what\nand why", "what to do")

    errors.boundary(fail)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "error: what and why\n       what to do\n")


def test_a_defect_says_that_it_is_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise KeyError("x")

    errors.boundary(fail)
    said = capsys.readouterr().err
    assert "internal error: KeyError" in said
    assert "Traceback" not in said
    monkeypatch.setenv("MCP_DEBUG", "1")
    errors.boundary(fail)
    assert "Traceback" in capsys.readouterr().err


def test_an_error_of_a_lower_layer_keeps_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    from mcp_operator.catalog.errors import CatalogError

    def fail() -> int:
        raise CatalogError("the catalogue is torn", "mend it")

    assert errors.boundary(fail) == 1
    assert capsys.readouterr().err == "error: the catalogue is torn\n       mend it\n"


def test_a_file_that_is_not_there() -> None:
    done = mcp("deploy", "-f", "/no/such/file.yaml", "--dry-run")
    assert done.code == 1
    assert done.stderr.splitlines()[0] == "error: /no/such/file.yaml: no such file or directory"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", "is not YAML"),
        ("just a text", "no Kubernetes object"),
        ("kind: MCPServer\napiVersion: mcp.allbeone.io/v1\nmetadata: {}\n", "metadata"),
        ("kind: MCPServer\napiVersion: mcp.allbeone.io/v1\nmetadata: {labels: {}}\n", "no metadata.name"),
        ("", "no object"),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(text)
    done = mcp("deploy", "-f", str(file), "--dry-run")
    assert done.code == 1
    assert words in done.stderr


def test_a_reader_that_goes_away_is_quiet() -> None:
    command = f"{sys.executable} -m mcp_cli.main operator manifests | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stdout.startswith("apiVersion:")
    assert done.stderr == ""


def test_an_interrupt_is_quiet_and_ends_with_130() -> None:
    code = (
        "import signal, os, sys; from mcp_cli.errors import boundary\n"
        "sys.exit(boundary(lambda: os.kill(os.getpid(), signal.SIGINT) or signal.pause()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_hints_name_the_program_as_it_was_called() -> None:
    program = "import sys; sys.argv = ['/bin/kubectl-mcp', 'scale']; from mcp_cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.splitlines()[1] == "       `kubectl mcp scale --help` shows how it is used."
    program = program.replace("'scale'", "'deploy'")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "(`kubectl mcp registry search`)" in done.stderr


def test_an_interrupted_prompt_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    def ask() -> int:
        click.echo("Delete it? ", nl=False, err=True)
        raise click.Abort from None

    assert errors.boundary(ask) == 130
    assert capsys.readouterr().err == "Delete it? \n"


def test_an_interrupt_while_libraries_are_imported_is_quiet_too(tmp_path: Path) -> None:
    """On a busy machine the imports take long enough for an impatient Ctrl-C."""
    (tmp_path / "click.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT); signal.pause()\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", "import sys; sys.argv = ['mcp', 'get']; from mcp_cli.main import main; main()"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [(">&-", 0, ""), (">/dev/full", 1, "error: the results cannot be written: no space left on device")],
)
def test_results_that_nobody_can_take(redirection: str, code: int, said: str) -> None:
    command = f"{sys.executable} -m mcp_cli.main version --client {redirection}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, (done.stderr.splitlines() or [""])[0]) == (code, said)


def test_a_closed_stdin_is_an_empty_one() -> None:
    command = f"{sys.executable} -m mcp_cli.main deploy --dry-run -f - <&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "error: there is no object in -")


def test_a_locale_without_the_character_is_no_error() -> None:
    program = "import sys, click; sys.argv = ['mcp']; from mcp_cli import main; main.run = lambda *_: click.echo('✓ é')"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; main.main()"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\\u2713 \xe9\n", b"")


def test_arguments_that_are_no_text_to_the_locale(tmp_path: Path) -> None:
    def said(*arguments: bytes, **environment: str) -> tuple[int, bytes]:
        command = [sys.executable.encode(), b"-m", b"mcp_cli.main", b"deploy", b"--dry-run", *arguments]
        done = subprocess.run(command, capture_output=True, env={**os.environ, **environment})
        return done.returncode, done.stdout + done.stderr

    code, words = said(b"q", b"--image", b"x", b"--env", b"A=\xff")
    assert (code, words.splitlines()[0]) == (2, b'error: the argument "A=\\udcff" is not UTF-8')
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code, words = said(b"q", b"--image", b"x", b"--env", "A=é😀".encode(), b"-o", b"json", **ascii_only)
    assert (code, b'"value": "\\u00e9\\ud83d\\ude00"' in words) == (0, True)
    file = os.fsencode(tmp_path) + b"/\xff.yaml"
    Path(os.fsdecode(file)).write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    for locale in ({}, ascii_only):
        assert said(b"-f", file, **locale) == (0, b"configmap/a created (dry run)\n")
        assert said(b"--filename=" + file, **locale)[0] == 0


def test_a_cluster_that_is_gone_is_not_advised_to_use_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCP_LOCAL_DIR", "/srv/local")
    refused = OSError("Connection refused")
    hint = refusals.unreachable(refused, "https://127.0.0.1:1", "/srv/local/kubeconfig").hint
    assert "`mcp local start`" in hint and "--local" not in hint
    assert "--local" in refusals.unreachable(refused, "https://127.0.0.1:1", "/home/me/.kube/config").hint


@pytest.mark.parametrize("words", [(), ("tools",), ("tools", "call"), ("get",)])
def test_help_may_stand_before_the_command(words: tuple[str, ...]) -> None:
    assert mcp("help", *words).stdout == mcp(*words, "--help").stdout
    assert mcp("help", *words, "nosuch").code == (2 if words in ((), ("tools",)) else 0)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("delete", "-f"), "`mcp delete --help` shows how it is used."),
        (("get", "servers", "--namespace"), "`mcp get --help` shows how it is used."),
        (("status", "time", "--nope"), "`mcp status --help` shows how it is used."),
        (("registry", "refresh", "docker"), "One source alone: `mcp registry refresh --name NAME`."),
        (("registry", "add", "ours", "https://example.com"), "The place is a flag: --url URL, --repo OWNER/NAME,"),
        (("tools", "call", "time", "convert_time", "time=12:00"), "An argument of the tool: --arg NAME=VALUE."),
        (("prompts", "get", "time", "ask", "what=time"), "An argument of the prompt: --arg NAME=VALUE."),
        (("logs", "time", "fetch"), "It takes one server; --container names a container."),
        (("deploy", "time", "--dry-run", "client"), "--dry-run=client or --dry-run=server."),
        (("deploy", "time", "fetch"), "`mcp deploy --help` shows how it is used."),
        (("deploy", "--image", "example.test/web"), "Give it a NAME: `mcp deploy NAME --image IMAGE`."),
    ],
)
def test_wrong_usage_is_told_the_way_of_that_command(words: tuple[str, ...], hint: str) -> None:
    done = mcp(*words)
    assert done.code == 2
    assert hint in done.stderr.splitlines()[1]


def test_the_whole_command_has_a_time() -> None:
    arguments = [sys.executable, "-m", "mcp_cli.main", "deploy", "-f", "-", "--dry-run", "--timeout", "300ms"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        code = command.wait(timeout=120)  # its stdin stays open and silent
        assert command.stderr is not None
        said = command.stderr.read()
    assert code == 124
    assert said.startswith("error: the command did not end within")


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, b"Unauthorized", errors.ClusterProblem, "does not accept your credentials"),
        (404, b"404 page not found", errors.KindMissing, "does not know MCPServer"),
        (409, b'{"kind":"Status","reason":"Conflict","message":"it changed"}', errors.Conflict, "it changed"),
        (410, b'{"kind":"Status","reason":"Expired","message":"too old"}', errors.Expired, "too old"),
        (422, b'{"kind":"Status","reason":"Invalid","message":"spec.replicas: bad"}', errors.Invalid, "spec.replicas"),
        (429, b"slow down", errors.ApiProblem, "overloaded"),
        (500, b"{}", errors.ApiProblem, "failed"),
        (
            500,
            b'{"kind":"Status","message":"failed to create typed patch object (default/time; mcp.allbeone.io/v1, '
            b'Kind=MCPServer): errors:\\n  .spec.replica: field not declared in schema\\n  .spec.x: expected string"}',
            errors.Invalid,
            'MCPServer "time" is not valid: spec.replica: no such field; spec.x: expected string',
        ),
        (503, b"<html>bad gateway</html>", errors.ClusterProblem, "not answer like a Kubernetes API server"),
        (
            403,
            b'{"kind":"Status","reason":"Forbidden","message":"x is forbidden: User \\"u\\" cannot list"}',
            errors.Forbidden,
            'forbidden: User "u" cannot list',
        ),
        (
            404,
            b'{"kind":"Status","reason":"NotFound","message":"no","details":{"name":"time","kind":"mcpservers"}}',
            errors.NotFound,
            'there is no MCPServer "time"',
        ),
        (
            404,
            b'{"kind":"Status","reason":"NotFound","message":"no","details":{"name":"tools","kind":"namespaces"}}',
            errors.NotFound,
            'there is no namespace "tools"',
        ),
    ],
)
def test_what_a_server_refuses(status: int, body: bytes, kind: type[errors.CliError], words: str) -> None:
    error = refusals.from_answer(status, body, (SERVERS, "time"), "https://host")
    assert type(error) is kind
    assert words in error.message
    assert "\n" not in error.message
