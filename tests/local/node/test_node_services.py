"""Services on the embedded cluster: balanced, refused without a ready pod, with affinity, followed as pods change.

Only there: a real API server takes no loopback addresses into Endpoints, and its Service addresses are not ours.
"""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from tests.local.node.harness import Node, shell, web
from tests.local.node.waiting import until

pytestmark = pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)

SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write('$(NAME)'.encode())
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(('$(POD_IP)', 8080), Handler).serve_forever()
"""


def run_named(node: Node, name: str) -> None:
    """A pod that answers with its name."""
    env = [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    node.run(name, web(command=["python3", "-c", SERVER], env=env), labels={"app": "named"})


def make_service(node: Node, **spec: Any) -> tuple[str, int]:
    ports = [{"name": "web", "port": 80, "targetPort": "http"}]
    body = {"metadata": {"name": "named"}, "spec": {"selector": {"app": "named"}, "ports": ports} | spec}
    return node.create("services", body)["spec"]["clusterIP"], 80


def ask(address: tuple[str, int], client: str = "127.0.0.1") -> str | None:
    """The name that answers, None where the connection is refused, nothing where its pod has just gone."""
    try:
        with socket.create_connection(address, timeout=30, source_address=(client, 0)) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while data := connection.recv(4096):
                answer += data
    except ConnectionRefusedError:
        return None
    except ConnectionResetError:
        return ""
    return answer.partition(b"\r\n\r\n")[2].decode()


def test_a_service_balances_over_its_ready_pods_and_follows_them(node: Node) -> None:
    address = make_service(node)
    assert ask(address) is None, "refused while there is no pod"
    for name in ("one", "two"):
        run_named(node, name)
    for name in ("one", "two"):
        node.until_ready(name)
    until(lambda: {ask(address), ask(address)} == {"one", "two"}, "both answer")
    answers = [ask(address) for _ in range(10)]
    assert answers.count("one") == answers.count("two") == 5
    node.delete("pods", "one")
    until(lambda: {ask(address) for _ in range(4)} == {"two"}, "only the other answers")
    node.delete("pods", "two")
    until(lambda: ask(address) is None, "refused when no pod is left")


def test_a_pod_that_is_not_ready_gets_nothing(node: Node) -> None:
    address = make_service(node)
    run_named(node, "one")
    node.until_ready("one")
    until(lambda: ask(address) == "one", "it answers")
    node.run("other", shell("sleep 3600", readinessProbe={"exec": {"command": ["false"]}}), labels={"app": "named"})
    node.until_phase("other", "Running")
    assert {ask(address) for _ in range(6)} == {"one"}


def test_affinity_keeps_a_client_with_its_pod(node: Node) -> None:
    address = make_service(node, sessionAffinity="ClientIP")
    for name in ("one", "two"):
        run_named(node, name)
    for name in ("one", "two"):
        node.until_ready(name)
    clients = [f"127.0.0.{number}" for number in range(2, 10)]
    until(lambda: len({ask(address, client) for client in clients}) == 2, "both pods are used")
    for client in clients:
        assert len({ask(address, client) for _ in range(4)}) == 1


def test_pods_get_the_addresses_of_services_in_their_environment(node: Node, cluster) -> None:
    address, _ = make_service(node)
    node.run("env", shell("echo $NAMED_SERVICE_HOST $NAMED_SERVICE_PORT_WEB"), restartPolicy="Never")
    node.until_phase("env", "Succeeded")
    assert cluster.kubectl("logs", "env").split() == [address, "80"]


def test_a_node_port_and_a_service_that_goes(node: Node) -> None:
    run_named(node, "one")
    ports = [{"name": "web", "port": 80, "targetPort": "http", "nodePort": 30000 + time.time_ns() % 2700}]
    address = make_service(node, type="NodePort", ports=ports)
    host = node.until_ready("one")["status"]["hostIP"]
    until(lambda: ask((host, ports[0]["nodePort"])) == "one", "the node port answers")
    node.delete("services", "named")
    until(lambda: ask(address) is None, "nobody listens any more")


def test_a_taken_address_is_an_event_at_the_service(node: Node) -> None:
    """A program of the machine that listens on every address has the Service's port too."""
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        run_named(node, "one")
        address, _ = make_service(node, ports=[{"name": "web", "port": port, "targetPort": "http"}])
        node.until_ready("one")
        node.until_event("named", "ListenFailed", f"cannot listen on {address}:{port}")
    until(lambda: ask((address, port)) == "one", "it listens once the port is free")
