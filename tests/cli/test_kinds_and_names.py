"""The words after get, describe, delete, scale and restart: kinds, names, TYPE/NAME, as with kubectl."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from mcp_cli.errors import WrongUsage
from mcp_cli.kinds import BACKUPS, REGISTRIES, SERVERS, like_kind
from mcp_cli.kube import Cluster as Kube
from mcp_cli.references import wanted
from mcp_cli.sorting import sorted_by
from mcp_cli.target import from_files
from tests.cli.running import Result, in_time
from tests.support.cluster import Cluster

Run = Callable[..., Result]

FULL = "mcpserver.mcp.allbeone.io"


def server(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "mcp.allbeone.io/v1",
        "kind": "MCPServer",
        "metadata": {"name": name, "labels": {"team": name}},
        "spec": {"runtime": {"type": "python", "package": "mcp-server-time"}, **spec},
    }


REGISTRY = {
    "apiVersion": "mcp.allbeone.io/v1",
    "kind": "MCPRegistry",
    "metadata": {"name": "default"},
    "spec": {"source": {"type": "builtin"}},
}


@pytest.fixture
def three(on: Run) -> Run:
    """Two servers and a registry; no operator runs."""
    documents = yaml.safe_dump_all([server("time", replicas=3), server("fetch", replicas=1), REGISTRY])
    assert on("deploy", "-f", "-", input=documents).code == 0
    return on


@pytest.mark.fast
@pytest.mark.parametrize(
    ("words", "kinds", "objects"),
    [
        ((), (SERVERS,), ()),
        (("servers",), (SERVERS,), ()),
        (("mcpreg",), (REGISTRIES,), ()),
        (("servers,mcpreg,servers",), (SERVERS, REGISTRIES), ()),
        (("all",), (SERVERS, REGISTRIES, BACKUPS), ()),
        (("time", "fetch"), (SERVERS,), ((SERVERS, "time"), (SERVERS, "fetch"))),
        (("registry", "default"), (REGISTRIES,), ((REGISTRIES, "default"),)),
        (("servers/time",), (SERVERS,), ((SERVERS, "time"),)),
        ((f"{FULL}/time", "mcpreg/default"), (SERVERS,), ((SERVERS, "time"), (REGISTRIES, "default"))),
        (("time", "registry/default"), (SERVERS,), ((SERVERS, "time"), (REGISTRIES, "default"))),
    ],
)
def test_what_the_words_mean(words: tuple[str, ...], kinds: tuple[Any, ...], objects: tuple[Any, ...]) -> None:
    asked = wanted(words)
    assert (asked.kinds, asked.objects) == (kinds, objects)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("word", "plural"), [("serves", "servers"), ("mcpserver", "servers"), ("registris", "registries"), ("time", "")]
)
def test_a_misspelt_kind_is_guessed(word: str, plural: str) -> None:
    assert like_kind(word) == plural


@pytest.mark.fast
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pods/x",), '"pods" is no kind'),
        (("servers,pods",), '"pods" is no kind'),
        (("servers/",), '"servers/" has no name'),
        (("servers", ""), '"" is no name'),
        (("..",), '".." is no name'),
        (("servers/.",), '"." is no name'),
        (("servers", "servers/time"), "exclude each other"),
    ],
)
def test_words_that_mean_nothing(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        wanted(words)
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.fast
def test_sorting_by_a_field() -> None:
    items: list[dict[str, Any]] = [{"n": 10, "t": "b"}, {"n": 9, "t": "c"}, {"t": "a"}]
    assert [item.get("n") for item in sorted_by(items, ".n")] == [None, 9, 10]
    assert [item["t"] for item in sorted_by(items, "{.t}")] == ["a", "b", "c"]


def test_get_takes_every_way_to_name(three: Run) -> None:
    assert three("get", "servers/time", "-o", "name").stdout == f"{FULL}/time\n"
    assert three("get", f"{FULL}/time", "registry/default", "-o", "name").stdout.split() == [
        f"{FULL}/time",
        "mcpregistry.mcp.allbeone.io/default",
    ]
    tables = three("get", "all").stdout.split("\n\n")
    assert [table.split("\n")[0].split()[0] for table in tables] == ["NAME", "NAME"]
    assert tables[0].splitlines()[1].startswith(f"{FULL}/fetch ")
    assert [item["kind"] for item in three("get", "all", "-o", "json").json["items"]] == [
        "MCPServer",
        "MCPServer",
        "MCPRegistry",
    ]
    pods = three("get", "pods")
    assert pods.code == 1
    assert "kubectl" in pods.stderr


def test_a_word_like_a_kind_is_answered_where_no_server_has_it_for_a_name(three: Run) -> None:
    done = three("get", "serves")
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.endswith("       If you mean the kind: it is `mcp get servers`.\n")


def test_the_look_of_a_list(three: Run) -> None:
    sort = ("get", "servers", "--sort-by", ".spec.replicas", "--no-headers")
    assert [line.split()[0] for line in three(*sort).stdout.splitlines()] == ["fetch", "time"]
    assert three(*sort, "-o", "custom-columns=N:.metadata.name,R:.spec.replicas").stdout.split() == (
        ["fetch", "1", "time", "3"]
    )
    first = three("get", "servers", "--show-labels").stdout.splitlines()
    assert first[0].split()[-1] == "LABELS"
    assert first[1].split()[-1] == "app.kubernetes.io/created-by=mcp-cli,team=fetch"


def test_describe_several_and_all_of_a_kind(three: Run) -> None:
    for words in (("time", "fetch"), ("servers",), ("server/time", f"{FULL}/fetch")):
        shown = three("describe", *words).stdout
        assert {line.split()[1] for line in shown.splitlines() if line.startswith("Name:")} == {"time", "fetch"}
    both = three("describe", "servers", "-o", "json").json
    assert [item["metadata"]["name"] for item in both["items"]] == ["fetch", "time"]
    assert three("describe", "backups", "-o", "json").json["items"] == []


def test_delete_takes_what_get_prints(three: Run) -> None:
    names = three("get", "servers", "-o", "name").stdout.split()
    assert three("delete", *names, "registry/default").stdout.splitlines() == [
        f'{FULL} "fetch" deleted',
        f'{FULL} "time" deleted',
        'mcpregistry.mcp.allbeone.io "default" deleted',
    ]
    assert three("get", "all").stdout == ""


def test_delete_a_kind_needs_names_or_all(three: Run) -> None:
    assert three("delete", "registries").code == 2
    assert three("delete", "registries", "--all").stdout == 'mcpregistry.mcp.allbeone.io "default" deleted\n'
    assert len(three("get", "all", "-o", "name").stdout.split()) == 2


def test_scale_and_restart_several(three: Run) -> None:
    assert three("scale", "server", "time", "fetch", "--replicas", "2", "-o", "name").stdout.split() == (
        [f"{FULL}/time", f"{FULL}/fetch"]
    )
    replicas = three("get", "-o", "jsonpath={.items[*].spec.replicas}").stdout
    assert replicas == "2 2"
    assert three("restart", "servers/time", "fetch").stdout == f"{FULL}/time restarted\n{FULL}/fetch restarted\n"
    assert three("restart", "registry/default").code == 2
    missing = three("scale", "time", "nosuch", "--replicas", "5")
    assert missing.code == 1
    assert three("get", "time", "-o", "jsonpath={.spec.replicas}").stdout == "2"


@pytest.mark.parametrize("command", [("get", "servers"), ("delete",), ("status",), ("logs",), ("describe",)])
@pytest.mark.parametrize("name", ["", ".", ".."])
def test_no_command_takes_a_list_for_an_object(three: Run, command: tuple[str, ...], name: str) -> None:
    refused = three(*command, name)
    assert (refused.code, refused.stderr.splitlines()[0]) == (2, f'error: "{name}" is no name')
    assert len(three("get", "all", "-o", "name").stdout.split()) == 3


def test_a_selector_that_cannot_be_read(three: Run) -> None:
    refused = three("get", "servers", "-l", "team in (a")
    assert refused.code == 1
    assert "Check --selector" in refused.stderr


def test_servers_by_their_full_names(three: Run) -> None:
    assert three("status", "server/time").stdout.startswith("Name: time\n")
    both = three("status", "servers", "time", "fetch").stdout
    assert [line for line in both.splitlines() if line.startswith("Name:")] == ["Name: time", "Name: fetch"]
    assert len(three("status", "time", "fetch", "-o", "json").json["items"]) == 2
    assert three("status", "time", "-o", "json").json["kind"] == "MCPServer"
    wrong = three("logs", "registry/default")
    assert wrong.code == 2
    assert "no server" in wrong.stderr


def test_stopped_means_that_no_pod_is_left(three: Run, cluster: Cluster) -> None:
    kube = Kube(from_files([str(cluster.kubeconfig)], None))
    kube.merge(SERVERS, "time", {"spec": {"replicas": 0}}, cluster.namespace)
    generation = kube.get(SERVERS, "time", cluster.namespace)["metadata"]["generation"]

    def say(left: int) -> None:
        status = {"phase": "Stopped", "observedGeneration": generation, "replicas": left, "readyReplicas": left}
        kube.merge(SERVERS, "time", {"status": status}, cluster.namespace, subresource="status")

    say(3)
    over = three("scale", "time", "--replicas", "0", "--wait", "--wait-timeout", "0.3s")
    assert over.code == 124
    assert "after 0.3s" in over.stderr
    timer = threading.Timer(0.5, say, (0,))
    timer.start()
    assert three("scale", "time", "--replicas", "0", "--wait", "--wait-timeout", "60s").code == 0
    timer.join()


def test_the_time_for_all_says_what_it_waited_for(three: Run) -> None:
    words = "(--timeout): time: Pending, 0/2 ready"
    over = in_time(lambda time: three("scale", "time", "--replicas", "2", "--wait", "--timeout", time), words)
    assert over.code == 124
    assert words in over.stderr
