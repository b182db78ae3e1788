"""kazoo's Election, Party, ShallowParty, Counter, Queue and LockingQueue beside the library's. One more argument: which."""

import sys

from common import A, ROOM, connect, stop, tell

kind = sys.argv[4]
ROUNDS = 20
client = connect(A)


def go_ahead():
    sys.stdin.readline()


def election():
    """The names of those in line, as the leader; twice, so that the library leads in between."""

    def lead():
        tell(what="leading", contenders=client.Election(ROOM + "/line").contenders())
        go_ahead()

    for _ in range(2):
        client.Election(ROOM + "/line", "kazoo").run(lead)
    tell(what="done")


def party():
    parties = [client.Party(ROOM + "/party", "kazoo"), client.ShallowParty(ROOM + "/shallow", "kazoo")]
    for one in parties:
        one.join()
    tell(what="joined", members=[sorted(one) for one in parties])
    go_ahead()
    client.sync(ROOM)
    tell(what="after", members=[sorted(one) for one in parties])
    for one in parties:
        one.leave()
    tell(what="left")


def counter():
    counters = {
        "int": client.Counter(ROOM + "/int"),
        "float": client.Counter(ROOM + "/float", default=0.0),
        "curator": client.Counter(ROOM + "/curator", support_curator=True),
    }
    tell(what="ready")
    go_ahead()
    for _ in range(ROUNDS):
        counters["int"] += 2
        counters["float"] += 0.5
        counters["curator"] += 3
    go_ahead()
    client.sync(ROOM)
    tell(what="values", values={name: one.value for name, one in counters.items()})


def queue():
    one = client.Queue(ROOM + "/queue")
    for i, priority in [(1, 100), (2, 100), (3, 10), (4, 100)]:
        one.put(b"kazoo %d" % i, priority)
    tell(what="put")
    go_ahead()
    client.sync(ROOM)
    got = []
    for _ in range(3):
        got.append(one.get().decode())
    tell(what="got", got=got, empty=one.get() is None)


def locking():
    one = client.LockingQueue(ROOM + "/locking")
    one.put(b"kazoo 1")
    one.put(b"kazoo 0", 10)
    tell(what="put")
    go_ahead()
    # The first one is claimed by the library.
    client.sync(ROOM)
    value = one.get(10)
    tell(what="got", got=value.decode(), holds=one.holds_lock())
    go_ahead()
    tell(what="consumed", consumed=one.consume())
    value = one.get(20)
    tell(what="got", got=value.decode(), holds=one.holds_lock())
    tell(what="consumed", consumed=one.consume(), left=len(one))
    # One that is claimed and not consumed goes back with the session.
    one.put(b"kazoo 2")
    one.get(10)
    tell(what="claimed")
    go_ahead()


{"election": election, "party": party, "counter": counter, "queue": queue, "locking": locking}[kind]()
stop(client)
