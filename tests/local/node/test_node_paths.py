"""Paths of mounts in commands and environments, back-off, addresses, container engine arguments."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.local.node import engine
from mcp_cli.local.node.addresses import AddressError, PodAddresses, candidate_blocks, is_loopback
from mcp_cli.local.node.backoff import RestartBackOff
from mcp_cli.local.node.rewrite import PathMap

pytestmark = pytest.mark.fast
MOUNTS = {"/mcp/app": "/s/app", "/mcp": "/s/mcp", "/etc/x.conf": "/s/x.conf", "/tmp": "/s/tmp"}


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("/mcp/app/server", "/s/app/server"),
        ("/mcp/other", "/s/mcp/other"),
        ("/mcp", "/s/mcp"),
        ("--config=/etc/x.conf", "--config=/s/x.conf"),
        ("/mcp/app/bin:/usr/bin:/tmp", "/s/app/bin:/usr/bin:/s/tmp"),
        ("cat '/tmp/a' >/tmp/b", "cat '/s/tmp/a' >/s/tmp/b"),
        ("/mcp/application", "/s/mcp/application"),
        ("/mcpx", "/mcpx"),
        ("/etc/x.conf.d", "/etc/x.conf.d"),
        ("/srv/mcp/app", "/srv/mcp/app"),
        ("http://host/mcp", "http://host/mcp"),
        ("no path", "no path"),
    ],
)
def test_paths_below_a_mount_are_rewritten(text: str, rewritten: str) -> None:
    assert PathMap(MOUNTS).rewrite(text) == rewritten


@given(st.text(alphabet="abc/ :=.", max_size=40))
def test_text_that_names_no_mount_stays(text: str) -> None:
    assert PathMap({"/zzz": "/host"}).rewrite(text) == text
    assert PathMap({}).rewrite(text) == text


def test_restart_back_off_doubles_to_five_minutes_and_is_forgotten_after_ten() -> None:
    backoff = RestartBackOff()
    assert [backoff.after_exit(1.0) for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]
    assert backoff.after_exit(600.0) == 0
    assert backoff.after_exit(1.0) == 10


def test_pods_get_addresses_of_their_own_and_keep_them() -> None:
    addresses = PodAddresses("127.40")
    first, second = addresses.claim("a"), addresses.claim("b")
    assert (first, second) == ("127.40.1.1", "127.40.1.2")
    assert addresses.claim("a") == first
    addresses.release("a")
    assert addresses.claim("c") != first, "an address that was just given back is not given out at once"


def test_a_pod_of_before_gets_its_address_again_where_it_is_ours_and_free() -> None:
    addresses = PodAddresses("127.40")
    assert addresses.claim("a", "127.40.3.7") == "127.40.3.7"
    assert addresses.claim("b", "127.40.3.7") != "127.40.3.7"
    assert addresses.claim("c", "127.41.1.1").startswith("127.40.")
    assert addresses.claim("d", "127.40.200.1") != "127.40.200.1", "that half belongs to Services"


def test_addresses_end_some_time() -> None:
    addresses = PodAddresses("127.40")
    for number in range(127 * 254):
        addresses.claim(str(number))
    with pytest.raises(AddressError, match="in use"):
        addresses.claim("one more")


def test_every_state_folder_has_its_own_first_block() -> None:
    blocks = list(candidate_blocks(Path("/a")))
    assert len(set(blocks)) == len(blocks) == 235
    assert blocks == list(candidate_blocks(Path("/a")))
    assert len({next(candidate_blocks(Path(f"/{number}"))) for number in range(50)}) > 25


@pytest.mark.parametrize(
    ("address", "loopback"), [("127.9.1.1", True), ("10.0.0.1", False), ("::1", True), ("x", False)]
)
def test_loopback(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def test_arguments_for_a_container_engine() -> None:
    container = {
        "image": "example.test/tool:1",
        "command": ["tool", "--ip=$(IP)"],
        "args": ["serve"],
        "workingDir": "/w",
        "securityContext": {"runAsUser": 1000},
    }
    argv = engine.run_arguments(container, {"IP": "127.9.1.1"}, {"/data": "/s/data"}, "mcp-x", "node=a")
    assert argv[:8] == ["run", "--rm", "--network", "host", "--name", "mcp-x", "--label", "node=a"]
    assert argv[8:] == [
        *("--env", "IP", "--volume", "/s/data:/data", "--workdir", "/w", "--user", "1000", "--entrypoint", "tool"),
        *("example.test/tool:1", "--ip=127.9.1.1", "serve"),
    ]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("a", "Always"),
        ("a:latest", "Always"),
        ("r:5000/a", "Always"),
        ("a:1", "IfNotPresent"),
        ("a@sha256:0", "IfNotPresent"),
    ],
)
def test_default_pull_policy(image: str, policy: str) -> None:
    assert engine.pull_policy({"image": image}) == policy
    assert engine.pull_policy({"image": image, "imagePullPolicy": "Never"}) == "Never"
