"""The folders of a pod's volumes on this machine, and where each container's mounts are.

emptyDir is a folder of the pod; hostPath is the path itself; a claim is the hostPath of its volume; configMap, secret,
downwardAPI and projected volumes are written so that a reader sees either all old or all new files (a `..data` link is
switched, as the kubelet does). Sizes, media and owners are not enforced. Called by the pod worker.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp_cli.local.node.environment import ConfigError
from mcp_cli.local.node.expand import expand
from mcp_cli.local.node.payload import File, PayloadInput, is_payload, volume_payload

DATA_LINK = "..data"


def set_up(pod: Mapping[str, Any], root: Path, given: PayloadInput, claims: Mapping[str, str]) -> dict[str, Path]:
    """Make every volume of the pod below `root`; returns name -> folder. ConfigError names what is missing."""
    folders = {}
    for volume in pod["spec"].get("volumes") or []:
        name = volume["name"]
        try:
            folders[name] = _one(volume, root / name, given, claims)
        except (ConfigError, OSError) as error:
            raise ConfigError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from error
    return folders


def _one(volume: Mapping[str, Any], folder: Path, given: PayloadInput, claims: Mapping[str, str]) -> Path:
    if "hostPath" in volume:
        return _host_path(volume["hostPath"])
    if "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"]["claimName"]
        if claim not in claims:
            raise ConfigError(f'persistentvolumeclaim "{claim}" has no volume with a path on this machine')
        return Path(claims[claim])
    if is_payload(volume):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder, volume_payload(volume, given))
        return folder
    kinds = sorted(key for key in volume if key != "name")
    if kinds and kinds != ["emptyDir"]:
        raise ConfigError(f"volumes of type {kinds[0]} are not supported on this node")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _host_path(source: Mapping[str, Any]) -> Path:
    path, kind = Path(source["path"]), source.get("type") or ""
    if kind == "DirectoryOrCreate":
        path.mkdir(parents=True, exist_ok=True)
    elif kind == "FileOrCreate":
        path.touch(exist_ok=True)
    checks = {"Directory": Path.is_dir, "File": Path.is_file, "Socket": Path.is_socket}
    if kind in checks and not checks[kind](path):
        raise ConfigError(f"hostPath type check failed: {path} is not a {kind.lower()}")
    return path


def write_atomically(folder: Path, files: Mapping[str, File]) -> bool:
    """Make the folder hold exactly these files, all at once; returns whether anything changed."""
    current = folder / DATA_LINK
    if current.is_symlink() and _read(current) == {path: file.data for path, file in files.items()}:
        return False
    fresh = folder / f"..{os.urandom(6).hex()}"
    for path, file in files.items():
        target = fresh / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        target.chmod(file.mode | 0o400)
    fresh.mkdir(exist_ok=True)
    old = folder / current.readlink() if current.is_symlink() else None
    switch = folder / "..data_tmp"
    switch.unlink(missing_ok=True)
    switch.symlink_to(fresh.name)
    switch.replace(current)
    _link_names(folder, {Path(path).parts[0] for path in files})
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    return True


def _read(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _link_names(folder: Path, names: set[str]) -> None:
    """One link into the current data for each name, none for names that are gone."""
    for entry in folder.iterdir():
        if entry.is_symlink() and not entry.name.startswith("..") and entry.name not in names:
            entry.unlink()
    for name in names:
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(f"{DATA_LINK}/{name}")


def mounts(container: Mapping[str, Any], folders: Mapping[str, Path], env: Mapping[str, str]) -> dict[str, str]:
    """mountPath -> path on this machine for one container; folders that a subPath names are made."""
    found = {}
    for mount in container.get("volumeMounts") or []:
        if mount["name"] not in folders:
            raise ConfigError(f'volume "{mount["name"]}" of a mount is not a volume of the pod')
        path = folders[mount["name"]]
        sub = mount.get("subPath") or expand(mount.get("subPathExpr") or "", env)
        if sub:
            path = path / sub
            if ".." in Path(sub).parts:
                raise ConfigError(f"subPath {sub} must not leave its volume")
            if not path.exists():
                path.mkdir(parents=True, exist_ok=True)
        found[mount["mountPath"]] = str(path)
    return found
