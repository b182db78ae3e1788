"""pytest plugin: kazoo's own tests, as they are, against servers that another process runs.

kazoo.testing.harness makes a kazoo.testing.common.ZookeeperCluster, which would install and start
ZooKeeper itself. The module put in its place here knows the servers by their addresses
(SUITE_SERVERS) and has them stopped and started through a line protocol on SUITE_CONTROL.
Outcomes go to SUITE_OUTCOMES, one JSON object a line.
"""

import json
import os
import socket
import sys
import types


def control(order):
    """Sends one order, e.g. `stop 0`, and returns when it is done."""
    host, port = os.environ["SUITE_CONTROL"].split(":")
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        connection.sendall(order.encode() + b"\n")
        answer = connection.makefile().readline().strip()
    if answer != "ok":
        raise RuntimeError("%s: %s" % (order, answer))


class Server(object):
    """What the tests use of kazoo.testing.common.ManagedZooKeeper."""

    def __init__(self, index, address):
        self.index = index
        self.address = address
        self.host, port = address.split(":")
        self.client_port = int(port)
        self.running = True

    def run(self):
        if not self.running:
            control("start %d" % self.index)
            self.running = True

    def stop(self):
        if self.running:
            self.running = False
            control("stop %d" % self.index)

    def get_logs(self, num_lines=100):
        return []


SERVERS = [
    Server(index, address)
    for index, address in enumerate(os.environ["SUITE_SERVERS"].split(","))
]


class ZookeeperCluster(object):
    """The servers outlive it: their data is kept between kazoo's test classes."""

    def __init__(self, **_):
        pass

    def __getitem__(self, index):
        return SERVERS[index]

    def __iter__(self):
        return iter(SERVERS)

    def start(self):
        for server in SERVERS:
            server.run()

    stop = terminate = reset = lambda self: None

    def get_logs(self):
        return []


common = types.ModuleType("kazoo.testing.common")
common.ZookeeperCluster = ZookeeperCluster
sys.modules["kazoo.testing.common"] = common


def pytest_itemcollected(item):
    item.user_properties.append(("file", item.path.name))


def name_of(report):
    """`test_client.py::TestClient::test_get`; the node id lacks the file where that was named alone."""
    return dict(report.user_properties)["file"] + "::" + report.nodeid.split("::", 1)[1]


def pytest_runtest_logreport(report):
    """A test passed when its call did and neither its set-up nor its tear-down failed."""
    if report.passed and report.when != "call":
        return
    detail = ""
    if report.failed:
        detail = report.longreprtext[-2000:]
    elif report.skipped:
        detail = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    outcome = {
        "name": name_of(report),
        "outcome": report.outcome,
        "seconds": round(report.duration, 1),
        "detail": detail,
    }
    with open(os.environ["SUITE_OUTCOMES"], "a") as file:
        file.write(json.dumps(outcome) + "\n")
