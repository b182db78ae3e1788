"""Locks and barriers by command: NAME VERB on a line of the input; the same and the result on one of the output."""

import sys
import threading

from common import A, ROOM, connect

client = connect(A)
things = {
    "lock": client.Lock(ROOM + "/line", "kazoo"),
    "lock2": client.Lock(ROOM + "/line", "kazoo"),
    "read": client.ReadLock(ROOM + "/both", "kazoo"),
    "write": client.WriteLock(ROOM + "/both", "kazoo"),
    "lease": client.Semaphore(ROOM + "/leases", "kazoo", max_leases=2),
    "lease2": client.Semaphore(ROOM + "/leases", "kazoo", max_leases=2),
    "wrong": client.Semaphore(ROOM + "/leases", "kazoo", max_leases=3),
    "gate": client.Barrier(ROOM + "/gate"),
    "double": client.DoubleBarrier(ROOM + "/double", 2, "kazoo"),
}
VERBS = {"set": "create"}


def run(name, verb):
    thing = things[name]
    try:
        if verb == "try":
            result = thing.acquire(blocking=False)
        else:
            result = getattr(thing, VERBS.get(verb, verb))()
    except Exception as error:  # the other side looks at it
        result = type(error).__name__
    print(name, verb, str(result).lower(), flush=True)


for line in sys.stdin:
    threading.Thread(target=run, args=line.split(), daemon=True).start()
