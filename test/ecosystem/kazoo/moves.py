"""A client that is moved between servers: argument A is where they are, a fourth one its timeout. Each line on stdin: write, and say what was seen."""

import sys
import threading

from common import A, ROOM, connect, stop, tell

TIMEOUT_S = float(sys.argv[4]) if len(sys.argv) > 4 else 40.0

states = []
client = connect(A, timeout=TIMEOUT_S, states=states)
client.create(ROOM + "/watched", b"0", makepath=True)
client.create(ROOM + "/mine", b"here", ephemeral=True)
client.create(ROOM + "/line")
fired = []
came = threading.Condition()


@client.DataWatch(ROOM + "/watched")
def seen(data, _stat):
    with came:
        if data is not None and data.decode() not in fired:
            fired.append(data.decode())
        came.notify_all()


def retried(call, *args, **kwargs):
    return client.retry(call, *args, **kwargs)


turn = 0
while True:
    sequence = retried(client.create, ROOM + "/line/n-", sequence=True)
    owner = retried(client.get, ROOM + "/mine")[1].ephemeralOwner
    tell(
        what="turn",
        session=client.client_id[0],
        owner=owner,
        sequence=sequence,
        fired=fired[:],
        states=[str(state) for state in states],
        zxid=client.last_zxid,
    )
    if sys.stdin.readline() == "":
        break
    turn += 1
    retried(client.set, ROOM + "/watched", str(turn).encode())
    with came:
        if not came.wait_for(lambda: str(turn) in fired, 60):
            raise AssertionError("the watch did not fire")
stop(client)
