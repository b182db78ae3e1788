"""kazoo as it is moved between servers, with a rival that waits for its lock and its leadership. Arguments: servers, its room, the timeout of its
session in ms. A line on stdin is the value that its watch must bring, or "release"."""

import json
import sys
import threading

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

SERVERS, ROOM, TIMEOUT_MS = sys.argv[1:4]
LATE_S = 90
lost = []


def note(state):
    if state == "LOST":
        lost.append(state)


def connect():
    quick = KazooRetry(max_tries=-1, delay=0.1, max_delay=0.5)
    client = KazooClient(hosts=SERVERS, timeout=int(TIMEOUT_MS) / 1000.0, connection_retry=quick)
    client.add_listener(note)
    client.start(timeout=LATE_S)
    return client


def tell(**fields):
    print(json.dumps(fields), flush=True)


client = connect()
other = connect()
client.create(ROOM + "/mine", b"", ephemeral=True)
fired = []
came = threading.Condition()


@client.DataWatch(ROOM + "/watched")
def seen(data, _stat):
    with came:
        # At each reconnect it is called again, with what it had.
        if data is not None and [data.decode()] != fired[-1:]:
            fired.append(data.decode())
        came.notify_all()


lock = client.Lock(ROOM + "/lock", "first")
lock.acquire(timeout=LATE_S)
rival = other.Lock(ROOM + "/lock", "second")
waiting = threading.Thread(target=rival.acquire, daemon=True)
waiting.start()


class Candidate:
    """Leads from the moment that it is elected until it is given up."""

    def __init__(self, of, name):
        self.leading = threading.Event()
        self.given_up = threading.Event()
        election = of.Election(ROOM + "/election", name)
        threading.Thread(target=election.run, args=(self.lead,), daemon=True).start()

    def lead(self):
        self.leading.set()
        self.given_up.wait()
        self.leading.clear()


leader = Candidate(client, "first")
if not leader.leading.wait(LATE_S):
    raise AssertionError("nobody was elected")
follower = Candidate(other, "second")
tell(what="ready")
for line in sys.stdin:
    value = line.strip()
    if value == "release":
        lock.release()
        waiting.join(LATE_S)
        leader.given_up.set()
        leads = follower.leading.wait(LATE_S)
        tell(what="released", held={"lock": rival.is_acquired, "election": leads})
        continue
    with came:
        if not came.wait_for(lambda: value in fired, LATE_S):
            raise AssertionError("the watch did not bring %s" % value)
    client.retry(client.get, ROOM + "/mine")
    sequence = client.create(ROOM + "/line/n-", sequence=True)
    owner = client.get(ROOM + "/mine")[1].ephemeralOwner
    tell(
        what="turn",
        session="%x" % (client.client_id[0] % 2**64),
        owner="%x" % (owner % 2**64),
        sequence=sequence,
        fired=fired[:],
        lost=len(lost),
        held={
            "lock": lock.is_acquired,
            "election": leader.leading.is_set(),
            "rival lock": rival.is_acquired,
            "rival election": follower.leading.is_set(),
        },
    )
for each in (other, client):
    each.stop()
    each.close()
