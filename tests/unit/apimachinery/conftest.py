"""The fixture `real_server`: a kube-apiserver of Kubernetes 1.36 for the differential tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.unit.apimachinery import widgets
from tests.unit.apimachinery.real_server import RealServer, assets_of_1_36


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    assets = assets_of_1_36(os.environ.get("KUBEBUILDER_ASSETS", ""))
    if assets is None:
        pytest.skip("KUBEBUILDER_ASSETS names no folder of Kubernetes 1.36")
    server = RealServer(assets, tmp_path_factory.mktemp("real-server"))
    server.start()
    try:
        server.define(widgets.WIDGET_CRD)
        yield server
    finally:
        server.stop()
