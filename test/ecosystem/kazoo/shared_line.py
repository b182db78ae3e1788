"""One line with contenders of the library. More arguments: lock or election, then kazoo's extra_lock_patterns."""

import sys

from common import A, ROOM, connect, stop, tell

kind, patterns = sys.argv[4], sys.argv[5:]
ROUNDS = 20
client = connect(A)
line = ROOM + "/line"


def contend_for_count():
    """The sum lives in a znode that is changed without a version: who is not alone loses a count."""
    for _ in range(ROUNDS):
        with client.Lock(ROOM + "/busy", "kazoo", extra_lock_patterns=patterns):
            client.sync(ROOM + "/count")
            value = int(client.get(ROOM + "/count")[0])
            client.set(ROOM + "/count", b"%d" % (value + 1))


def lead():
    tell(what="leading", contenders=client.Election(line, "kazoo").contenders())
    sys.stdin.readline()


if kind == "election":
    client.Election(line, "kazoo").run(lead)
    tell(what="done")
else:
    lock = client.Lock(line, "kazoo", extra_lock_patterns=patterns)
    tell(what="tried", got=client.Lock(line, "no", patterns).acquire(blocking=False))
    lock.acquire()
    tell(what="held", contenders=lock.contenders())
    sys.stdin.readline()
    lock.release()
    contend_for_count()
    tell(what="done")
stop(client)
