"""Volumes on disk: files of ConfigMaps and Secrets, changed all at once; folders; mounts; words of errors."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any

import pytest

from mcp_cli.local.node.environment import ConfigError
from mcp_cli.local.node.payload import File, PayloadInput, references, token_requests, volume_payload
from mcp_cli.local.node.volumes import mounts, set_up, write_atomically

pytestmark = pytest.mark.fast
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "settings"): {"data": {"a.txt": "A", "b.txt": "B"}, "binaryData": {"c.bin": "AP8="}},
    ("Secret", "keys"): {"data": {"token": base64.b64encode(b"s3cret").decode()}},
}


def pod(*volumes: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "p", "namespace": "ns", "uid": "u", "labels": {"app": "x"}}
    return {"metadata": metadata, "spec": {"volumes": list(volumes), "containers": [{"name": "c", "image": "i"}]}}


def payload_input(the_pod: dict[str, Any]) -> PayloadInput:
    return PayloadInput(the_pod, lambda kind, name: OBJECTS.get((kind, name)), lambda *_: "t0ken", {"cpu": "2"})


def contents(volume: dict[str, Any]) -> dict[str, bytes]:
    return {path: file.data for path, file in volume_payload(volume, payload_input(pod())).items()}


def make(tmp_path: Path, *volumes: dict[str, Any], claims: dict[str, str] | None = None) -> dict[str, Path]:
    return set_up(pod(*volumes), tmp_path, payload_input(pod()), claims or {})


def test_files_of_config_maps_and_secrets() -> None:
    assert contents({"configMap": {"name": "settings"}}) == {"a.txt": b"A", "b.txt": b"B", "c.bin": b"\x00\xff"}
    items = [{"key": "a.txt", "path": "deep/x", "mode": 0o400}]
    assert contents({"configMap": {"name": "settings", "items": items}}) == {"deep/x": b"A"}
    assert contents({"secret": {"secretName": "keys"}}) == {"token": b"s3cret"}


def test_a_projected_volume_joins_its_sources() -> None:
    sources = [
        {"configMap": {"name": "settings", "items": [{"key": "a.txt", "path": "a"}]}},
        {"secret": {"name": "keys"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"serviceAccountToken": {"path": "sa/token"}},
    ]
    assert contents({"projected": {"sources": sources}}) == {
        "a": b"A",
        "token": b"s3cret",
        "labels": b'app="x"',
        "sa/token": b"t0ken",
    }


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        ({"configMap": {"name": "none"}}, 'MountVolume.SetUp failed for volume "v" : configmap "none" not found'),
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        (
            {"configMap": {"name": "settings", "items": [{"key": "z", "path": "z"}]}},
            "references non-existent configmap key: z",
        ),
        ({"nfs": {"server": "s", "path": "/"}}, "volumes of type nfs are not supported on this node"),
        ({"persistentVolumeClaim": {"claimName": "data"}}, 'persistentvolumeclaim "data" has no volume'),
        ({"hostPath": {"path": "/no/such", "type": "Directory"}}, "hostPath type check failed"),
    ],
)
def test_a_volume_that_cannot_be_made_says_why(tmp_path: Path, volume: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make(tmp_path, {"name": "v", **volume})


def test_optional_sources_leave_an_empty_folder(tmp_path: Path) -> None:
    folders = make(tmp_path, {"name": "v", "configMap": {"name": "none", "optional": True}})
    assert [entry.name for entry in folders["v"].iterdir() if not entry.name.startswith("..")] == []


def test_folders_of_volumes(tmp_path: Path) -> None:
    host = tmp_path / "host"
    folders = make(
        tmp_path / "volumes",
        {"name": "e", "emptyDir": {}},
        {"name": "h", "hostPath": {"path": str(host), "type": "DirectoryOrCreate"}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
        claims={"data": "/srv/data"},
    )
    assert folders["e"].is_dir() and folders["h"] == host and host.is_dir()
    assert folders["c"] == Path("/srv/data")


def test_secret_files_are_as_private_as_their_mode(tmp_path: Path) -> None:
    folders = make(tmp_path, {"name": "s", "secret": {"secretName": "keys", "defaultMode": 0o600}})
    assert (folders["s"] / "token").stat().st_mode & 0o777 == 0o600


def test_a_change_replaces_all_files_at_once(tmp_path: Path) -> None:
    """A reader that resolves the folder once never sees a mixture."""
    versions = [{"a": str(number), "b": str(number)} for number in range(200)]
    write_atomically(tmp_path, {name: File(b"0", 0o644) for name in "ab"})
    seen, stop = [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            folder = (tmp_path / "..data").resolve()
            try:
                seen.append((folder / "a").read_text() == (folder / "b").read_text())
            except FileNotFoundError:
                continue

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        write_atomically(tmp_path, {name: File(value.encode(), 0o644) for name, value in version.items()})
    stop.set()
    reader.join()
    assert seen and all(seen)
    assert (tmp_path / "a").read_text() == "199"


def test_keys_that_go_and_come(tmp_path: Path) -> None:
    assert write_atomically(tmp_path, {"a": File(b"1", 0o644)})
    assert not write_atomically(tmp_path, {"a": File(b"1", 0o644)}), "nothing to do"
    assert write_atomically(tmp_path, {"b/c": File(b"2", 0o644)})
    assert not (tmp_path / "a").exists() and (tmp_path / "b" / "c").read_text() == "2"
    assert len([entry for entry in tmp_path.iterdir() if entry.is_dir() and not entry.is_symlink()]) == 1


def test_mounts_with_sub_paths(tmp_path: Path) -> None:
    container = {
        "volumeMounts": [
            {"name": "v", "mountPath": "/data"},
            {"name": "v", "mountPath": "/sub", "subPath": "x/y"},
            {"name": "v", "mountPath": "/own", "subPathExpr": "$(NAME)"},
        ]
    }
    found = mounts(container, {"v": tmp_path}, {"NAME": "p1"})
    assert found == {"/data": str(tmp_path), "/sub": f"{tmp_path}/x/y", "/own": f"{tmp_path}/p1"}
    assert (tmp_path / "x" / "y").is_dir() and (tmp_path / "p1").is_dir()


@pytest.mark.parametrize(
    "mount", [{"name": "v", "mountPath": "/d", "subPath": "../x"}, {"name": "w", "mountPath": "/d"}]
)
def test_mounts_that_cannot_be(tmp_path: Path, mount: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        mounts({"volumeMounts": [mount]}, {"v": tmp_path}, {})


def test_what_a_pod_refers_to() -> None:
    the_pod = pod(
        {"name": "a", "configMap": {"name": "c1"}},
        {"name": "b", "projected": {"sources": [{"secret": {"name": "s1"}}, {"serviceAccountToken": {"path": "t"}}]}},
    )
    the_pod["spec"]["containers"][0] |= {
        "envFrom": [{"configMapRef": {"name": "c2"}}],
        "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "s2", "key": "k"}}}],
    }
    wanted = {("ConfigMap", "c1"), ("Secret", "s1"), ("ConfigMap", "c2"), ("Secret", "s2")}
    assert references(the_pod) == wanted
    assert token_requests(the_pod) == {(None, 3600)}
