"""`mcp-bridge install`: packages on disk, from a folder of wheels, so that nothing here needs a network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SCRIPTS = {"tiny-server": "tiny_server:main", "tiny-tool": "tiny_server:other"}
CODE = """
import sys
def main(): print("tiny {version}", sys.executable)
def other(): print("other")
"""


def make_wheel(folder: Path, version: str, name: str = "tiny-server", scripts: dict[str, str] | None = None) -> None:
    """A wheel as small as they come."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    lines = [f"{script} = {target}" for script, target in (SCRIPTS if scripts is None else scripts).items()]
    files = {
        f"{module}.py": CODE.replace("{version}", version),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "\n".join(["[console_scripts]", *lines, ""]),
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


class Place:
    """A folder of wheels, a store, and the installer run in between."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wheels = root / "wheels"
        self.store = root / "store"
        self.into = root / "app"
        self.wheels.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(root), "UV_FIND_LINKS": str(self.wheels), "UV_NO_INDEX": "1",
            "UV_CACHE_DIR": str(root / "cache"),
        }  # fmt: skip

    def install(self, package: str, *flags: str, store: bool = False, into: Path | None = None, **more: str) -> str:
        """What the installer says; raises where it fails."""
        shared = {"MCP_PACKAGE_STORE": str(self.store)} if store else {}
        command = [sys.executable, "-m", "mcp_operator.bridge.main", "install", "--runtime", "python"]
        command += ["--package", package, "--into", str(into or self.into), *flags]
        environment = {**self.environment, **shared, **more}
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
        if result.returncode:
            raise AssertionError(result.stderr)
        return result.stderr

    def refused(self, package: str, *flags: str, **more: str) -> str:
        with pytest.raises(AssertionError) as refusal:
            self.install(package, *flags, **more)
        text = str(refusal.value)
        assert text.count("\n") == 1, text
        return text

    def run(self, program: str = "server", into: Path | None = None) -> str:
        return subprocess.run([(into or self.into) / program], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    make_wheel(made.wheels, "1.0")
    return made


def test_program_named_like_the_package_is_the_server(place: Place) -> None:
    place.install("tiny-server")
    assert place.run().startswith("tiny 1.0")
    assert sorted(path.name for path in (place.into / "bin").iterdir()) == ["tiny-server", "tiny-tool"]
    assert place.run("bin/tiny-tool") == "other\n"


def test_executable_can_be_named(place: Place) -> None:
    place.install("tiny_server", "--executable", "tiny-tool")
    assert place.run() == "other\n"
    words = place.refused("tiny-server", "--executable", "nothing")
    assert "no program nothing; it has: tiny-server, tiny-tool" in words


def test_bytecode_is_compiled(place: Place) -> None:
    place.install("tiny-server")
    assert list(place.into.rglob("tiny_server.*.pyc"))


def test_installing_again_replaces(place: Place) -> None:
    place.install("tiny-server==1.0")
    make_wheel(place.wheels, "2.0")
    place.install("tiny-server==2.0", "--executable", "tiny-server")
    assert place.run().startswith("tiny 2.0")


def test_store_serves_many_folders_and_needs_nothing_the_second_time(place: Place) -> None:
    place.install("tiny-server", store=True)
    other = place.root / "other"
    place.install("tiny-server", store=True, into=other, UV_FIND_LINKS="/nowhere", PATH="/nowhere")
    assert place.run() == place.run(into=other)
    assert (place.into / "server").resolve() == (other / "server").resolve()
    assert str(place.store / "python" / "tiny-server" / "1.0") in place.run()


def test_package_without_a_version_stays_until_somebody_upgrades(place: Place) -> None:
    place.install("tiny-server", store=True)
    make_wheel(place.wheels, "2.0")
    place.install("tiny-server", store=True)
    assert place.run().startswith("tiny 1.0")
    pinned = place.root / "pinned"
    place.install("tiny-server==2.0", store=True, into=pinned)
    assert place.run(into=pinned).startswith("tiny 2.0")
    place.install("tiny-server", store=True)
    assert place.run().startswith("tiny 1.0")
    place.install("tiny-server", "--upgrade", store=True)
    assert place.run().startswith("tiny 2.0")


def test_many_at_once_install_once(place: Place) -> None:
    folders = [place.root / f"app{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda into: place.install("tiny-server", store=True, into=into), folders))
    assert len({(folder / "server").resolve() for folder in folders}) == 1
    kept = sorted(path.name for path in (place.store / "python" / "tiny-server").iterdir())
    assert kept == [".lock", "1.0", "default"]


def test_installation_that_is_not_whole_is_made_again(place: Place) -> None:
    place.install("tiny-server", store=True)
    (place.store / "python" / "tiny-server" / "1.0" / "bin" / "tiny-server").unlink()
    place.install("tiny-server", store=True)
    assert place.run().startswith("tiny 1.0")


def test_failure_is_one_line_that_says_what_to_do(place: Place) -> None:
    assert "not among the packages that the image carries" in place.refused("no-such-server")
    assert "has no version 9" in place.refused("tiny-server==9")
    assert "is no python package; write NAME" in place.refused("tiny server; rm -rf /")
    make_wheel(place.wheels, "1.0", "only-library", {})
    assert "has no program to run" in place.refused("only-library")
    make_wheel(place.wheels, "1.0", "two-programs", {"one": "two_programs:main", "two": "two_programs:main"})
    assert "choose one with --executable: one, two" in place.refused("two-programs")


def test_network_that_is_not_there_is_said(place: Place) -> None:
    closed = {"UV_NO_INDEX": "", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    assert "no network" in place.refused("mcp-server-time", **closed)


def test_cache_that_cannot_be_written_is_done_without(place: Place) -> None:
    place.install("tiny-server", UV_CACHE_DIR="/dev/null/cache", HOME="/dev/null")
    assert place.run().startswith("tiny 1.0")


def test_folder_that_cannot_be_written_is_said(place: Place) -> None:
    assert "cannot write" in place.refused("tiny-server", into=Path("/dev/null/app"))
