"""A registry's bad days: each fault, what it does to a refresh, and what the user then sees.

Role: the cases, and `endure`, which runs one against a real local server; sleeping moves the clock. Called by tests;
`python -m tests.support.registry_faults` prints the table.
"""

from __future__ import annotations

import io
import lzma
import random
import sys
import tarfile
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mcp_operator.catalog.catalogue import Catalogue
from mcp_operator.catalog.fetch.http import MAX_BODY, Fetcher
from mcp_operator.catalog.fetch.waits import Surroundings, Wait
from mcp_operator.catalog.index import Index
from mcp_operator.catalog.refreshing import Refreshed, Watch
from mcp_operator.catalog.sources import Source

from tests.support.registry_server import REPO, Fault, RegistryServer, item

API = "/v0.1/servers"
LISTING = f"/repos/{REPO}/contents/servers"
TARBALL = f"/repos/{REPO}/tarball"
GOOD = "name: {0}\nimage: example.test/{0}:1\nabout: {{description: What {0} does}}\n"
BOMB = "name: bomb\na: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\nimage: example.test/bomb\n"


class Clock:
    """A clock that only sleeping, and what a test does, moves."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        with self._lock:
            self.time += seconds


@dataclass
class Scene:
    """A server with two entries, a catalogue that has read it once, and a clock."""

    server: RegistryServer
    catalogue: Catalogue
    clock: Clock
    watch: Watch
    said: list[str]
    source: Source

    def refresh(self) -> Refreshed:
        return self.catalogue.refresh(self.source.name, self.watch)[0]

    def forget(self) -> None:
        """What the fault brings shall count: the next refresh is the first one again, with the old entries there."""
        self.said.clear()
        self.server.asked.clear()


@contextmanager
def scene(kind: str = "official", folder: Path | None = None) -> Iterator[Scene]:
    """`official`, `github` (with a token), `tarball` or `http`, read once and changed since."""
    clock, said = Clock(), list[str]()
    with tempfile.TemporaryDirectory() as made, RegistryServer() as server:
        server.entries = [item("io.github.example/one"), item("io.github.example/two")]
        server.servers = {name: GOOD.format(name) for name in ("one", "two")}
        server.files["/list.yaml"] = ("application/yaml", b"name: one\nimage: example.test/one\n")
        place = folder or Path(made)

        def wait(what: Wait) -> None:
            said.append(str(what))
            clock.sleep(what.seconds)

        fetcher = Fetcher(Surroundings(wait, clock=clock.now, chance=lambda: 0.5))
        catalogue = Catalogue(place / "registries.yaml", Index(place / "catalogue.db"))
        (place / "token").write_text("very-secret-token\n")
        source = _source(kind, server.url, place)
        catalogue.add(source, Watch(fetcher))
        server.entries.append(item("io.github.example/three", meta={"updatedAt": "2026-02-02T00:00:00Z"}))
        server.servers["three"] = GOOD.format("three")
        server.files["/list.yaml"] = ("application/yaml", b"name: three\nimage: example.test/three\n")
        made_scene = Scene(server, catalogue, clock, Watch(fetcher), said, source)
        made_scene.forget()
        try:
            yield made_scene
        finally:
            fetcher.close()
            catalogue.close()


def _source(kind: str, url: str, folder: Path) -> Source:
    if kind == "official":
        return Source("reg", "official", url=url, token_file=str(folder / "token"))
    if kind == "http":
        return Source("reg", "http", url=f"{url}/list.yaml")
    token = str(folder / "token") if kind == "github" else ""
    return Source("reg", "docker", url=url, repo=REPO, token_file=token)


@dataclass(frozen=True)
class Case:
    """One fault. `failure`, `said` and `errors` are parts of what the user sees; `slept` are the waits, in seconds."""

    name: str
    path: str = API
    kind: str = "official"
    faults: tuple[Fault, ...] = ()
    always: Fault | None = None
    arrange: Callable[[Scene], None] | None = None
    failure: str = ""
    hint: str = ""
    said: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    slept: tuple[float, ...] = ()
    entries: int = 3


@dataclass(frozen=True)
class Outcome:
    """What a case did."""

    found: Refreshed
    said: list[str]
    slept: list[float] = field(default_factory=list)
    names: tuple[str, ...] = ()

    @property
    def seen(self) -> str:
        """Everything that reached the user, in words."""
        told = [*self.said, *(f"left out: {error}" for error in self.found.errors)]
        if self.found.failure:
            told.append(f"error: {self.found.failure}; {self.found.hint}; {self.found.entries} old entries answer")
        else:
            told.append(f"{self.found.entries} servers")
        return " | ".join(told)


def endure(case: Case) -> Outcome:
    """Run a case: the first refresh was good, then comes the fault."""
    with scene(case.kind) as on:
        if case.arrange:
            case.arrange(on)
        on.server.fault(case.path, *case.faults)
        if case.always:
            on.server.always(case.path, case.always)
        found = on.refresh()
        names = tuple(card["name"] for card in on.catalogue.select({"source": "reg"}))
        return Outcome(found, on.said, on.clock.slept, names)


def _slow(on: Scene) -> None:
    on.server.fault(API, Fault(drip=lambda: on.clock.pass_by(1000)))


def _reset_soon(on: Scene) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(on.clock.now()) + 90)}
    on.server.fault(LISTING, Fault(403, headers))


def _elsewhere(on: Scene) -> None:
    other = on.server.url.replace("127.0.0.1", "localhost")
    on.server.fault(API, Fault(302, {"Location": f"{other}{API}?limit=100"}))


def _documents(**documents: str) -> Callable[[Scene], None]:
    return lambda on: on.server.servers.update(documents)


def _odd_items(on: Scene) -> None:
    on.server.entries += [{"server": 7}, {"server": {"name": "x/y", "packages": "none"}}]  # type: ignore[list-item]
    for odd in on.server.entries[3:]:
        odd["_meta"] = on.server.entries[2]["_meta"]


def _hostile(on: Scene) -> None:
    name = "../../etc/\x1b[31mpasswd"
    on.server.entries.append(item(name, meta={"updatedAt": "2026-03-03T00:00:00Z"}))


def _damaged_xz() -> bytes:
    """A tarball whose compressed bytes change in the middle."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        content = f"name: one\n# {random.Random(0).randbytes(450_000).hex()}".encode()
        member = tarfile.TarInfo("top/servers/one/server.yaml")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    damaged = bytearray(lzma.compress(packed.getvalue(), preset=0))
    damaged[len(damaged) // 2] ^= 0xFF
    return bytes(damaged)


LOOP = Fault(302, {"Location": API})
HTML = Fault(200, {"Content-Type": "text/html"}, b"<html>log in</html>")
DAMAGED_XZ = _damaged_xz()
SECONDARY = Fault(403, body=b'{"message": "You have exceeded a secondary rate limit."}')

CASES = (
    Case(
        "429 with Retry-After",
        faults=(Fault(429, {"Retry-After": "7"}),),
        said=("rate limit", "8 s (1 of 3)"),
        slept=(8.35,),
    ),
    Case(
        "403 with X-RateLimit-Reset", LISTING, "github", arrange=_reset_soon, said=("rate limit", "96 s"), slept=(95.5,)
    ),
    Case("secondary rate limit", LISTING, "github", (SECONDARY,), said=("asking again in 15 min",), slept=(900,)),
    Case(
        "429 for two hours",
        faults=(Fault(429, {"Retry-After": "7200"}),),
        failure="rate limit",
        hint="after",
        entries=2,
    ),
    Case("429 for ever", always=Fault(429), failure="3 more attempts", slept=(900, 1800, 3600), entries=2),
    Case("500 twice", faults=(Fault(500), Fault(502)), said=("500 Internal", "502"), slept=(1, 2)),
    Case("503 for ever", always=Fault(503), failure="503", slept=(1, 2, 4, 8, 16), entries=2),
    Case("503 with Retry-After", faults=(Fault(503, {"Retry-After": "60"}),), said=("again in 64 s",), slept=(64.0,)),
    Case("connection reset", faults=(Fault(reset=True),), said=("asking again in 2 s",), slept=(2,)),
    Case("dead registry", always=Fault(reset=True), failure="5 more", slept=(2, 4, 8, 16, 32), entries=2),
    Case("body breaks off", faults=(Fault(cut=True),), said=("again in 2 s (1 of 5)",), slept=(2,)),
    Case("slow body", arrange=_slow, said=("not complete within 2 min",), slept=(2,)),
    Case("login page", always=HTML, failure="text/html", hint="login page", entries=2),
    Case("malformed JSON", always=Fault(body=b'{"servers": ['), failure="no JSON", entries=2),
    Case("no list of servers", always=Fault(body=b'{"servers": 7}'), failure="no list", entries=2),
    Case("body too large", always=Fault(body=b" " * (MAX_BODY + 1)), failure="larger than", entries=2),
    Case(
        "same page for ever",
        always=Fault(body=b'{"servers":[],"metadata":{"nextCursor":"1"}}'),
        failure="same page",
        entries=2,
    ),
    Case("no token, no right", always=Fault(401), failure="401", hint="token", entries=2),
    Case("moved away", always=Fault(404), failure="404", hint="address", entries=2),
    Case("redirect to another host", arrange=_elsewhere),
    Case("redirects in a circle", always=LOOP, failure="more than 5 times", entries=2),
    Case(
        "redirect to a file", always=Fault(302, {"Location": "file:///etc/passwd"}), failure="not followed", entries=2
    ),
    Case("odd entries among good ones", arrange=_odd_items, errors=("no name", "packages is no list")),
    Case("hostile name", arrange=_hostile, entries=4),
    Case("malformed YAML", LISTING, "github", arrange=_documents(bad="name: ["), errors=("bad: is no YAML",)),
    Case("YAML bomb", LISTING, "github", arrange=_documents(bomb=BOMB), errors=("uses YAML aliases",)),
    Case(
        "one name twice",
        LISTING,
        "github",
        arrange=_documents(zwei=GOOD.format("two")),
        errors=("two: there is another",),
    ),
    Case(
        "folder that climbs",
        LISTING,
        "github",
        arrange=_documents(**{"../../x": "name: x"}),
        errors=("no name of a folder",),
    ),
    Case(
        "folder that no file can be named",
        LISTING,
        "github",
        arrange=_documents(**{"odd\ud800": "name: x"}),
        errors=("odd?: has no server.yaml",),
    ),
    Case(
        "document too large",
        LISTING,
        "github",
        arrange=_documents(big="# " + "x" * 2**21),
        errors=("larger than 1024 KiB",),
    ),
    Case(
        "one document fails",
        f"{LISTING}/three",
        "github",
        always=Fault(500),
        errors=("three", "500"),
        slept=(1, 2, 4, 8, 16),
        entries=2,
    ),
    Case(
        "tarball breaks off",
        TARBALL,
        "tarball",
        (Fault(body=b"\x1f\x8b\x08\x00half"),),
        failure="no whole tarball",
        entries=2,
    ),
    Case(
        "damaged tarball of another kind",
        TARBALL,
        "tarball",
        (Fault(body=DAMAGED_XZ),),
        failure="no whole tarball",
        entries=2,
    ),
    Case(
        "address with something else",
        "/list.yaml",
        "http",
        (Fault(body=b"just words"),),
        failure="no registry",
        entries=1,
    ),
)


def main() -> int:
    for case in CASES:
        print(f"{case.name}:")
        print(textwrap.fill(endure(case).seen, 118, initial_indent="    ", subsequent_indent="    "))
    return 0


if __name__ == "__main__":
    sys.exit(main())
