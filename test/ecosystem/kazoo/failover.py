"""Holds what a session holds while the test kills its proxy: each line on stdin is a go-ahead."""

import sys
import threading

from kazoo.client import KazooState

from common import A, B, ROOM, connect, stop, tell, wait

states = []
back = threading.Event()
gone = threading.Event()
changed = threading.Event()

client = connect(A + "," + B, timeout=8.0, states=states)
client.create(ROOM, b"before")
client.create(ROOM + "/e", b"", ephemeral=True)
lock = client.Lock(ROOM + "/lock", "held")
lock.acquire()


@client.add_listener
def on_state(state):
    if state == KazooState.SUSPENDED:
        gone.set()
    elif state == KazooState.CONNECTED:
        back.set()


@client.DataWatch(ROOM)
def on_data(data, stat):
    if data == b"after":
        changed.set()


session = client.client_id[0]
port = client._connection._socket.getpeername()[1]
tell(what="ready", session=session, port=port)

sys.stdin.readline()
wait(gone, "loss of the connection")
wait(back, "new connection")
tell(
    what="back",
    same_session=client.client_id[0] == session,
    moved=client._connection._socket.getpeername()[1] != port,
    owner=client.exists(ROOM + "/e").ephemeralOwner == session,
    lock=client.Lock(ROOM + "/lock").contenders(),
)

# Changed by the test through another client: the watch must still be alive.
sys.stdin.readline()
wait(changed, "change seen by the watch")
tell(what="end", states=states, lost=KazooState.LOST in states)
stop(client)
