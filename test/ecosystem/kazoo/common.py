"""What the scripts share. Arguments: proxy A, proxy B, a path of their own, then more."""

import json
import sys
import threading

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

A, B, ROOM = sys.argv[1:4]
DEADLINE_S = 10


def tell(**fields):
    """One JSON line; the test reads them in order."""
    print(json.dumps(fields), flush=True)


def connect(hosts, timeout=10.0, states=None, **options):
    """A started client; its states go to the list, if one is given."""
    quick = dict(max_tries=-1, delay=0.05, max_delay=0.2)
    client = KazooClient(
        hosts=hosts,
        timeout=timeout,
        randomize_hosts=False,
        connection_retry=KazooRetry(**quick),
        **options
    )
    if states is not None:
        client.add_listener(states.append)
    client.start(timeout=DEADLINE_S)
    return client


def stop(*clients):
    for client in clients:
        client.stop()
        client.close()


def wait(event, what):
    if not event.wait(DEADLINE_S):
        raise AssertionError("no %s after %s s" % (what, DEADLINE_S))


def error_of(call, *args, **kwargs):
    """The name of the exception's class, or None."""
    try:
        call(*args, **kwargs)
    except Exception as error:
        return type(error).__name__
    return None


class Threads:
    """Runs functions at once; the first one's failure becomes the script's."""

    def __init__(self):
        self.errors = []
        self.threads = []

    def run(self, function, *args):
        def body():
            try:
                function(*args)
            except BaseException as error:
                self.errors.append(error)

        thread = threading.Thread(target=body, daemon=True)
        self.threads.append(thread)
        thread.start()

    def join(self):
        for thread in self.threads:
            thread.join(2 * DEADLINE_S)
            if thread.is_alive() and not self.errors:
                raise AssertionError("a thread did not end")
        if self.errors:
            raise self.errors[0]
