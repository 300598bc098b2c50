"""An HTTP client for registries: patient, bounded, discreet with tokens.

Role: one `get` that retries by the policies, says what it waits for, follows redirects without carrying a token to
another host, refuses bodies that are too large, too slow or of the wrong type, and answers with plain values. Not its
job: what a body means. Called by the readers of sources; safe to share between threads.
"""

from __future__ import annotations

import io
import os
import re
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.fetch import retry
from mcp_operator.catalog.fetch.breaker import Breaker
from mcp_operator.catalog.fetch.errors import FetchError, RateLimited, Refused, Unreachable
from mcp_operator.catalog.fetch.waits import Pauses, Surroundings, Wait, spell_seconds
from mcp_operator.version import __version__

if TYPE_CHECKING:
    import httpx

MAX_BODY = 32 * 1024 * 1024
BODY_SECONDS = 120.0
SILENCE_SECONDS = 30.0
MAX_REDIRECTS = 5
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_REDIRECTS = (301, 302, 303, 307, 308)
_SHOWN_ERROR = 2000
_ADDRESS = "correct the source's address: add it again with --url"


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: `token` goes to the host of `url` only; `types` are the content types that are taken."""

    url: str
    token: str = field(default="", repr=False)
    accept: str = "application/json"
    types: tuple[str, ...] = ("application/json", "+json", "text/plain", "application/octet-stream")
    etag: str = ""
    max_bytes: int = MAX_BODY
    seconds: float = BODY_SECONDS


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer; `unchanged` is a 304, whose body is empty. `text` is for small ones."""

    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    unchanged: bool = False

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def text(self) -> str:
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refused(f"{shown(self.url)} is no text in UTF-8: {error.reason}") from error


class Fetcher:
    """An HTTP client and what it has learnt of hosts. `ca_file` comes before SSL_CERT_FILE and the system's own."""

    def __init__(self, surroundings: Surroundings | None = None, *, ca_file: str = "") -> None:
        self._around = surroundings or Surroundings()
        self._breaker = Breaker(self._around.clock)
        self._pauses = Pauses(self._around.clock)
        self._ca_file = ca_file
        self._clients: dict[str, httpx.Client] = {}
        self._making = threading.Lock()

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def get(self, request: Request, into: IO[bytes] | None = None, *, ca_file: str = "") -> Answer:
        """The answer; its body goes into `into` where that is given. Raises FetchError."""
        host = _host(request.url)
        remaining = self._breaker.remaining(host)
        if remaining:
            raise Unreachable(
                f"{host} has failed several times in a row", f"it is asked again in {spell_seconds(remaining)}"
            )
        try:
            answer = self._patiently(request, host, into, ca_file or self._ca_file)
        except FetchError as error:
            if not isinstance(error, Refused) or error.status >= 500:
                self._breaker.failed(host)
            raise
        self._breaker.succeeded(host)
        return answer

    def _patiently(self, request: Request, host: str, into: IO[bytes] | None, ca_file: str) -> Answer:
        attempts: dict[str, int] = {}
        while True:
            pause = self._pauses.remaining(host)
            if pause:
                self._around.wait(Wait(f"{host}: rate limit reached", pause))
            try:
                return self._once(request, into, ca_file)
            except _Failed as error:
                failed = error
                attempts[failed.trouble] = attempt = attempts.get(failed.trouble, 0) + 1
                policy = self._around.policies.of(failed.trouble)
                wait = retry.wait_before(failed.trouble, policy, attempt, failed.said, self._around.chance)
                if wait is None:
                    raise self._final(failed, attempt - 1) from failed
            if failed.trouble == "limit":
                self._pauses.begin(host, wait)
            self._around.wait(Wait(failed.words, wait, attempt, policy.attempts))

    def _final(self, failed: _Failed, attempts: int) -> FetchError:
        tried = f" ({attempts} more attempts)" if attempts else ""
        if failed.trouble == "network":
            hint = "check the network, the proxy (HTTPS_PROXY) and the address"
            return Unreachable(failed.words + tried, hint)
        if failed.trouble == "limit":
            until = self._around.clock() + failed.said if failed.said else 0.0
            when = f"ask again after {retry.clock_time(until)}" if until else "ask again later"
            return RateLimited(failed.words + tried, f"{when}; a token has a larger limit: --token-env", until)
        return Refused(failed.words + tried, "the registry has a problem: ask again later", failed.status)

    def _once(self, request: Request, into: IO[bytes] | None, ca_file: str) -> Answer:
        import httpx

        body = into if into is not None else io.BytesIO()
        url, until = request.url, self._around.clock() + request.seconds
        try:
            for _ in range(MAX_REDIRECTS + 1):
                headers = _headers(request, with_token=_same_host(url, request.url))
                self._around.heard(shown(url), 0)
                with self._client(ca_file).stream("GET", url, headers=headers) as response:
                    if response.status_code not in _REDIRECTS:
                        return self._answer(request, response, body, until)
                    url = _redirected(url, response.headers.get("location", ""))
        except httpx.InvalidURL as error:
            raise Refused(f"{shown(url)} is no address: {error}", "correct the source's --url") from error
        except httpx.HTTPError as error:
            words = f"{shown(url)}: {_network_words(error)}"
            if "certificate" in words.lower():  # waiting does not make it trusted
                raise Unreachable(words, "name the certificates to trust: --ca-file, or SSL_CERT_FILE") from error
            raise _Failed("network", words) from error
        finally:
            self._around.heard(shown(url), None)
        raise Refused(f"{shown(request.url)} redirects more than {MAX_REDIRECTS} times", _ADDRESS)

    def _answer(self, request: Request, response: httpx.Response, body: IO[bytes], until: float) -> Answer:
        headers = {key.lower(): value for key, value in response.headers.items()}
        where = shown(str(response.url))
        if response.status_code == 304 and request.etag:
            return Answer(request.url, headers, unchanged=True)
        if response.status_code != 200:
            raise self._refusal(response, headers, where)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and not any(kind.endswith(known) for known in request.types):
            hint = "is that the registry's address? a login page or a proxy may answer in its place"
            raise Refused(f"{where} answered {kind!r:.60}, not {request.accept.partition(',')[0]}", hint)
        body.seek(0)
        body.truncate()
        self._copy(request, response, body, until, where)
        return Answer(request.url, headers, body.getvalue() if isinstance(body, io.BytesIO) else b"")

    def _copy(self, request: Request, response: httpx.Response, body: IO[bytes], until: float, where: str) -> None:
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > request.max_bytes:
                raise Refused(f"{where} is larger than {request.max_bytes // 1024} KiB", "it is no registry's answer")
            if self._around.clock() > until:
                raise _Failed("network", f"{where}: not complete within {spell_seconds(request.seconds)}")
            body.write(chunk)
            self._around.heard(where, size)

    def _refusal(self, response: httpx.Response, headers: Mapping[str, str], where: str) -> Exception:
        said = _beginning(response)
        words = f"{where} answered {response.status_code} {response.reason_phrase}".rstrip()
        trouble = retry.trouble_of(response.status_code, headers, said)
        if trouble:
            wait = retry.said_wait(headers, self._around.clock())
            limit = f"{where}: rate limit reached"
            return _Failed(trouble, limit if trouble == "limit" else words, response.status_code, wait)
        hints = {
            401: "the token is missing, wrong or expired: --token-env or --token-file of the source",
            403: "the token may lack the right to read it: --token-env or --token-file of the source",
            404: "check the address, the repository and the branch; what is private needs a token",
        }
        return Refused(words, hints.get(response.status_code, ""), response.status_code)

    def _client(self, ca_file: str) -> httpx.Client:
        import httpx

        with self._making:
            if ca_file not in self._clients:
                timeout = httpx.Timeout(SILENCE_SECONDS, connect=10.0)
                self._clients[ca_file] = httpx.Client(verify=_trust(ca_file), timeout=timeout, follow_redirects=False)
            return self._clients[ca_file]


class _Failed(Exception):
    """One attempt that may be repeated."""

    def __init__(self, trouble: retry.Trouble, words: str, status: int = 0, said: float | None = None) -> None:
        super().__init__(words)
        self.trouble: retry.Trouble = trouble
        self.words = words
        self.status = status
        self.said = said


def shown(url: str) -> str:
    """An address for people: without the name and password and without the query that it may hold."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _headers(request: Request, *, with_token: bool) -> dict[str, str]:
    headers = {"Accept": request.accept, "User-Agent": f"mcp-operator/{__version__}"}
    if request.etag:
        headers["If-None-Match"] = request.etag
    if request.token and with_token:
        headers["Authorization"] = f"Bearer {request.token}"
    return headers


def _same_host(url: str, other: str) -> bool:
    one, two = urlsplit(url), urlsplit(other)
    return (one.scheme, one.netloc) == (two.scheme, two.netloc)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError as error:
        raise Refused(f"{url!r:.200} is no address: {error}", _ADDRESS) from error


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    scheme = urlsplit(target).scheme
    if not location or scheme not in ("http", "https") or (urlsplit(url).scheme, scheme) == ("https", "http"):
        raise Refused(f"{shown(url)} redirects to {shown(target)!r:.200}, which is not followed", _ADDRESS)
    return target


def _trust(ca_file: str) -> ssl.SSLContext:
    """Whom to trust: the given file, SSL_CERT_FILE, else what the system trusts."""
    chosen = ca_file or os.environ.get("SSL_CERT_FILE", "")
    if not chosen:
        import httpx

        context: ssl.SSLContext = httpx.create_ssl_context()
        return context
    try:
        return ssl.create_default_context(cafile=chosen)
    except (OSError, ssl.SSLError) as error:
        raise CatalogError(f"cannot use the CA file {chosen}: {error}", "it has to hold certificates in PEM") from error


def _beginning(response: httpx.Response) -> str:
    """The first words of an error's body, for what they say of limits."""
    import httpx

    found = b""
    try:
        for chunk in response.iter_bytes(_SHOWN_ERROR):
            found += chunk
            if len(found) >= _SHOWN_ERROR:
                break
    except httpx.HTTPError:
        return found.decode("utf-8", "replace")  # the status says enough
    return found.decode("utf-8", "replace")


def _network_words(error: Exception) -> str:
    kind = type(error).__name__
    known = {
        "ConnectTimeout": "no connection within 10 s",
        "ReadTimeout": f"silent for {SILENCE_SECONDS:.0f} s",
        "RemoteProtocolError": "the connection broke off in the middle of the answer",
    }
    return known.get(kind) or _ERRNO.sub("", str(error)) or kind
