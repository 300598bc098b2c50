"""The sources that a user has configured: a YAML file under the user's configuration directory, written atomically."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mcp_operator.catalog.errors import CatalogError

BUILTIN_PRIORITY = 100
DEFAULT_PRIORITY = 50
OFFICIAL_URL = "https://registry.modelcontextprotocol.io"
GITHUB_URL = "https://api.github.com"
DOCKER_REPO = "docker/mcp-registry"
TYPES = ("docker", "official", "http", "file", "directory", "cluster", "builtin")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_REPAIR = "repair it, or remove it to start over"


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries come from. Of two entries of one name, that of the source with the higher priority is taken.

    A token is named, never held: the variable `token_env` or the file `token_file` holds it. `path` is a file or a
    folder on this machine or, with `repo`, a folder in the repository. `latest_only` leaves old versions out. A
    registry of a cluster is that of the `context` in the files `kubeconfig`; without them, of the cluster in use.
    """

    name: str
    type: str
    path: str = ""
    priority: int = DEFAULT_PRIORITY
    url: str = ""
    repo: str = ""
    branch: str = ""
    token_env: str = ""
    token_file: str = ""
    ca_file: str = ""
    latest_only: bool = False
    kubeconfig: str = ""
    context: str = ""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        where = self.repo or self.path or self.url.partition("?")[0]
        detail = self.branch or self.context
        return where + (f" ({detail})" if detail else "")

    @property
    def remote(self) -> bool:
        """Whether reading it takes a network."""
        return bool(self.url or self.repo)

    @property
    def fingerprint(self) -> str:
        """What decides what it holds: another fingerprint means that nothing known of it counts any more."""
        where = (self.type, self.path, self.url, self.repo, self.branch, str(self.latest_only))
        return "|".join((*where, self.kubeconfig, self.context) if self.context else where)


BUILTIN = Source("builtin", "builtin", priority=BUILTIN_PRIORITY)


def load(path: Path) -> list[Source]:
    """The sources, the builtin one among them, by falling priority. Raises CatalogError for a broken file."""
    configured = [_parse(item, path) for item in _read(path)]
    names = [source.name for source in configured]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise CatalogError(f"{path}: there are two sources of the name {twice}", "give each a name of its own")
    named = {source.name: source for source in (BUILTIN, *configured)}
    return sorted(named.values(), key=lambda source: (-source.priority, source.name))


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile, so that no change is lost. Raises CatalogError."""
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise _unwritable(path, error) from error


def save(path: Path, sources: Sequence[Source]) -> None:
    """Write all but an unchanged builtin source; the old file stays whole until the new one is."""
    import yaml

    listed = [
        {key: value for key, value in asdict(source).items() if value != "" and value is not False}
        for source in sources
        if source != BUILTIN
    ]
    text = yaml.safe_dump({"sources": listed}, sort_keys=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> CatalogError:
    return CatalogError(f"cannot write {path}: {error.strerror}", "check its permissions and the free space")


def check(source: Source) -> Source:
    """The source with what its type takes for granted. Raises CatalogError for one that cannot be read."""
    from dataclasses import replace

    _check_name(source.name)
    if source.type not in TYPES:
        raise CatalogError(f"there is no type {source.type!r} of sources", f"known: {', '.join(TYPES)}")
    if source.url and not re.match(r"https?://[^/\s]+", source.url):
        raise CatalogError(f"{source.url!r:.200} is no address", "it begins with https:// or http://")
    if "@" in source.url.partition("://")[2].partition("/")[0]:
        raise CatalogError("an address must not hold a name or a password", "give a token with --token-env")
    if source.repo and not _REPO.fullmatch(source.repo):
        raise CatalogError(f"{source.repo!r:.200} is no repository", "it is OWNER/NAME")
    if source.type == "official" and not source.url:
        return replace(source, url=OFFICIAL_URL)
    if source.type == "docker" and not (source.repo or source.url or source.path):
        return replace(source, repo=DOCKER_REPO)
    if source.type == "http" and not source.url:
        raise CatalogError("a source of the type http needs an address", "give it with --url URL")
    if source.type in ("file", "directory") and not source.path:
        raise CatalogError(f"a source of the type {source.type} needs a place", "give it with --dir or --path")
    return source


def token_of(source: Source) -> str:
    """The token of a source, empty where it names none. Raises CatalogError where it is not where it should be."""
    if source.token_env:
        token = os.environ.get(source.token_env, "").strip()
        if not token:
            hint = f"export {source.token_env}, or add the source again without --token-env"
            raise CatalogError(f"the variable {source.token_env}, the token of {source.name}, is not set", hint)
        return _usable(token, f"the variable {source.token_env}")
    if source.token_file:
        try:
            return _usable(Path(source.token_file).expanduser().read_text().strip(), source.token_file)
        except (OSError, UnicodeDecodeError) as error:
            hint = "check the path and its permissions"
            raise CatalogError(f"cannot read the token of {source.name}: {error}", hint) from error
    return ""


def _usable(token: str, where: str) -> str:
    """A header of HTTP takes one line of plain characters."""
    if not token.isascii() or not token.isprintable():
        raise CatalogError(f"{where} holds no token: it has characters that no token has", "it is one line of text")
    return token


def _check_name(name: str) -> None:
    """Raises CatalogError for a name that cannot stand in a flag, a file or an object."""
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise CatalogError(f"{name!r:.80} is no name for a source", "use lower-case letters, digits, '-' and '.'")


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _read(path: Path) -> list[Any]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CatalogError(f"cannot read {path}: {why}", _REPAIR) from error
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise CatalogError(f"{where}: is no YAML: {getattr(error, 'problem', None) or error}", _REPAIR) from error
    if document is None:
        return []
    listed = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise CatalogError(f"{path} holds no list 'sources'", _REPAIR)
    return listed


def _parse(item: Any, path: Path) -> Source:
    """One item of the file; a field that is unknown or of another type is refused by its name."""
    known = {field.name: type(field.default) for field in fields(Source)}
    if not isinstance(item, dict) or not {"name", "type"} <= item.keys():
        raise CatalogError(f"{path}: {item!r:.200} is no source: it needs a name and a type", _REPAIR)
    for key, value in item.items():
        if key not in known:
            raise CatalogError(f"{path}: {item['name']} has the unknown field {key!r}", f"known: {', '.join(known)}")
        wanted = known[key] if known[key] in (int, bool) else str
        if type(value) is not wanted:
            raise CatalogError(f"{path}: {key} of {item['name']} is {value!r:.80}, no {wanted.__name__}", _REPAIR)
    return check(Source(**item))
