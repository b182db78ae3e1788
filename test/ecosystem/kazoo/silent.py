"""Is stopped by the test for longer than its session lasts, and says how that ended."""

import sys
import threading

from kazoo.client import KazooState

from common import A, ROOM, connect, stop, tell, wait

states = []
lost = threading.Event()
back = threading.Event()
client = connect(A, timeout=1.5, states=states)
client.create(ROOM + "/e", b"", ephemeral=True)


@client.add_listener
def on_state(state):
    if state == KazooState.LOST:
        lost.set()
    elif state == KazooState.CONNECTED:
        back.set()


session = client.client_id[0]
tell(what="ready", session=session)
sys.stdin.readline()
wait(lost, "state LOST")
wait(back, "new session")
client.sync(ROOM)
tell(
    what="end",
    states=states,
    new_session=client.client_id[0] != session,
    exists=client.exists(ROOM + "/e") is not None,
)
stop(client)
