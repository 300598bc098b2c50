"""The telling lines of a program's output: real outputs of packages that crash, and the forms that languages have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from mcp_operator.bridge.lastwords import LIMIT, telling

pytestmark = pytest.mark.fast

OUTPUTS = Path(__file__).parent / "outputs"

REAL = {
    "node-throw": ["Error: Either BITBUCKET_TOKEN or BITBUCKET_USERNAME/PASSWORD is required"],
    "node-missing-package": [
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'core-js' imported from "
        "node_modules/@dinesh-nalla-se/chrome-devtools-mcp/build/src/third_party/index.js"
    ],
    "node-builtin": ["Error [ERR_UNKNOWN_BUILTIN_MODULE]: No such built-in module: node:sqlite"],
    "python-missing-module": ["ModuleNotFoundError: No module named 'btcmcp'"],
    "python-attribute": ["AttributeError: 'Server' object has no attribute 'list_tools'"],
    "argparse-after-warnings": ["mcpower-proxy: error: either --ide-tool or --wrapped-config is required"],
    "argparse": [
        "stockfish-mcp: error: Stockfish executable not found. Please install Stockfish and ensure it is in your PATH, "
        "or provide the path using the --stockfish-path argument."
    ],
    "deprecated": [
        "@railway/mcp-server is deprecated.",
        "Railway MCP is now bundled into the Railway CLI.",
        "Install or upgrade the Railway CLI, then configure your MCP client with:",
        "railway mcp install",
        "Or run the local stdio server directly with:",
        "railway mcp",
        "Docs: https://docs.railway.com/cli/mcp",
    ],
}


@pytest.mark.parametrize("name", REAL)
def test_what_a_real_package_said(name: str) -> None:
    output = (OUTPUTS / f"{name}.txt").read_text()
    assert telling(output) == REAL[name]
    assert telling(output[-2048:]) == REAL[name], "what the kubelet leaves of a log"


def test_the_first_cause_of_a_chain_stands_beside_its_end() -> None:
    """The newest error is that the download failed; the model was missing to begin with."""
    last, cause = telling((OUTPUTS / "python-chain.txt").read_text())
    assert last.startswith("requests.exceptions.ConnectionError: HTTPSConnectionPool(host='raw.githubusercontent.com'")
    assert cause.startswith("caused by: OSError: [E050] Can't find model 'en_core_web_lg'.")


def test_of_a_usage_text_the_advice_is_left() -> None:
    words = telling((OUTPUTS / "usage.txt").read_text())
    assert "Run 'xcodebuildmcp mcp' to start the MCP server." in words
    assert not any(word.startswith("-") for word in words)


FORMS = {
    "a node error with a cause": (
        "Error: cannot connect\n    at f (/x/a.js:1:2)\n    at g (/x/a.js:1:2) {\n"
        "  [cause]: Error: ECONNREFUSED 127.0.0.1:1\n      at h (/x/b.js:3:4) {\n    code: 'X'\n  }\n}\n\nNode.js v20",
        ["Error: cannot connect", "caused by: Error: ECONNREFUSED 127.0.0.1:1"],
    ),
    "a module that was required": (
        "node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\nError: Cannot find module 'zod'\nRequire stack:\n"
        "- /a/node_modules/x/index.js\n    at Module._load (node:internal/modules/cjs/loader:1207:15) {\n"
        "  code: 'MODULE_NOT_FOUND',\n  requireStack: [\n    '/a/b'\n  ]\n}\n\nNode.js v20.20.2",
        ["Error: Cannot find module 'zod'"],
    ),
    "an exception of several lines": (
        'Traceback (most recent call last):\n  File "/x/server", line 8, in <module>\n    sys.exit(main())\n'
        "             ^^^^^^\npydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\napi_key\n"
        "  Field required [type=missing, input_value={}, input_type=dict]\n"
        "    For further information visit https://errors.pydantic.dev/2.12/v/missing",
        [
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings",
            "api_key",
            "Field required [type=missing, input_value={}, input_type=dict]",
        ],
    ),
    "an exception whose name says nothing": (
        'starting\nTraceback (most recent call last):\n  File "/x/server", line 8, in <module>\n    go()\n'
        "shop.NothingLeft: all sold\nbye",
        ["shop.NothingLeft: all sold", "bye"],
    ),
    "a rejection that nobody handled": (
        "node:internal/process/promises:394\n      triggerUncaughtException(err, true /* fromPromise */);\n      ^\n\n"
        '[UnhandledPromiseRejection: the promise rejected with the reason "boom".] {\n'
        "  code: 'ERR_UNHANDLED_REJECTION'\n}\n\nNode.js v20",
        ['[UnhandledPromiseRejection: the promise rejected with the reason "boom".]'],
    ),
    "something thrown that is no error": (
        'node:internal:12\nthrow "no key"\n^\nno key\n(Use `node --trace-uncaught ...` to show where it was thrown)\n',
        ['throw "no key"', "no key"],
    ),
    "the exception of a task group": (
        '  + Exception Group Traceback (most recent call last):\n  |   File "/x/a.py", line 10, in <module>\n'
        "  |     asyncio.run(main())\n  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
        '  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File "/", line 5\n'
        '    |     raise ValueError("boom")\n    |     ^^^^\n    | ValueError: boom\n    +------------------------',
        ["ValueError: boom"],
    ),
    "an error that Python ignores at its end": (
        "ValueError: real\nException ignored in: <function f at 0x7f00>\nTraceback (most recent call last):\n"
        '  File "x.py", line 1, in __del__\n    a\nRuntimeError: Event loop is closed',
        ["ValueError: real"],
    ),
    "a box": (
        "\x1b[31m╭─ Error ─────────────────╮\x1b[0m\n│ Missing option '--foo'. │\n╰─────────────────────────╯",
        ["Error: Missing option '--foo'."],
    ),
    "a panic": (
        "thread 'main' panicked at src/main.rs:3:5:\ncalled `Result::unwrap()` on an `Err` value: NotFound\n"
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        ["thread 'main' panicked at src/main.rs:3:5:", "called `Result::unwrap()` on an `Err` value: NotFound"],
    ),
    "Go": (
        "panic: open /x: no such file\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d\nexit status 2",
        ["panic: open /x: no such file"],
    ),
    "a shell": ("/mcp/app/server: 3: exec: foo: not found", ["/mcp/app/server: 3: exec: foo: not found"]),
    "a log with levels": (
        "2026-11-21 13:00:00,123 - srv - INFO - start\n2026-11-21 13:00:00,223 - srv - ERROR - no database at /data\n"
        "2026-11-21 13:00:01,223 - srv - INFO - bye",
        ["srv - ERROR - no database at /data"],
    ),
    "a log of JSON": ('{"level":30,"msg":"start"}\n{"level":60,"time":2,"msg":"DB gone"}', ["fatal: DB gone"]),
    "npm": (
        "npm error code 1\nnpm error path /x/thing\nnpm error Error: no binary\nnpm error     at f (/x/l.js:1:2)\n"
        "npm error\nnpm error Node.js v20.20.2\nnpm error A complete log of this run can be found in: /x",
        ["Error: no binary"],
    ),
    "a coroutine that nobody awaited": (
        "<coroutine object main at 0x7f6f8ab6c340>\nsys:1: RuntimeWarning: coroutine 'main' was never awaited\n"
        "RuntimeWarning: Enable tracemalloc to get the object allocation traceback",
        ["<coroutine object main>", "sys:1: RuntimeWarning: coroutine 'main' was never awaited"],
    ),
    "the last words twice": (
        "no key\nmcp-bridge: the server ended with exit code 1; it last said:\n  no key\n",
        ["no key"],
    ),
    "a folder of one pod": (
        "Error: no /s/pods/a6e4b42e-742f-4b1e-bb2e-6242cbbdb242/volumes/app/x",
        ["Error: no app/x"],
    ),
    "the number of a process": ("INFO:     Started server process [15583]", ["INFO: Started server process"]),
    "nothing": ("\n2026-11-21 13:00:00\n----\n", []),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_output(form: str) -> None:
    assert telling(FORMS[form][0]) == FORMS[form][1]


@pytest.mark.parametrize("output", [*(form[0] for form in FORMS.values()), *map(str, OUTPUTS.glob("*.txt"))])
def test_its_own_answer_stays_as_it_is(output: str) -> None:
    words = telling(Path(output).read_text() if output.endswith(".txt") else output)
    assert telling("\n".join(words)) == words


@given(some.lists(some.sampled_from([part for form, _ in FORMS.values() for part in form.splitlines()]), max_size=60))
def test_whatever_was_said_the_words_are_short_and_said_once(lines: list[str]) -> None:
    words = telling("\n".join(lines))
    assert sum(map(len, words[1:])) <= LIMIT
    assert len(set(words)) == len(words)
    assert "\x1b" not in "".join(words)


@given(some.text(max_size=2000))
def test_no_output_breaks_it(text: str) -> None:
    assert all(line.strip() == line and "\n" not in line for line in telling(text))


def test_brackets_without_end_are_words_like_others() -> None:
    (line,) = telling('{"msg": ' + "[" * 3000 + "}")
    assert line.startswith('{"msg": [[[')
