"""Lock and Election with contenders on both proxies: never two inside at once."""

import threading

from common import A, B, ROOM, Threads, connect, stop, tell, wait

CONTENDERS = 6
ROUNDS = 5

clients = [connect([A, B][i % 2]) for i in range(CONTENDERS)]
clients[0].create(ROOM, b"")
clients[0].create(ROOM + "/count", b"0")


class Inside:
    """Counts who is inside at once; the sum lives in a znode, changed without a version."""

    def __init__(self):
        self.guard = threading.Lock()
        self.now = 0
        self.most = 0
        self.order = []

    def visit(self, who, client):
        with self.guard:
            self.now += 1
            self.most = max(self.most, self.now)
            self.order.append(who)
        client.sync(ROOM + "/count")
        value = int(client.get(ROOM + "/count")[0])
        client.set(ROOM + "/count", b"%d" % (value + 1))
        with self.guard:
            self.now -= 1


inside = Inside()


def contend(who, client):
    for _ in range(ROUNDS):
        with client.Lock(ROOM + "/lock", "contender %d" % who):
            inside.visit(who, client)


threads = Threads()
for who, client in enumerate(clients):
    threads.run(contend, who, client)
threads.join()
tell(
    what="lock",
    most=inside.most,
    visits=len(inside.order),
    count=int(clients[0].get(ROOM + "/count")[0]),
    visitors=sorted(set(inside.order)),
)

# A lock whose holder's session ends goes to the next, in the order of their coming.
holder, first, second = clients[:3]
lock = holder.Lock(ROOM + "/handed", "holder")
lock.acquire()
got = []
waiting = [first.Lock(ROOM + "/handed", "first"), second.Lock(ROOM + "/handed", "second")]
threads = Threads()


def take(name, queued):
    with queued:
        got.append(name)


def until_queued(count):
    queued = threading.Event()

    @holder.ChildrenWatch(ROOM + "/handed")
    def look(names):
        if len(names) == count:
            queued.set()
            return False

    wait(queued, "queue of %d" % count)


for name, next_lock in zip(["first", "second"], waiting):
    threads.run(take, name, next_lock)
    until_queued(1 + len(threads.threads))
contenders = clients[3].Lock(ROOM + "/handed").contenders()
blocked = holder.Lock(ROOM + "/handed", "late").acquire(blocking=False)
stop(holder)
threads.join()
tell(what="handed on", contenders=contenders, blocked=blocked, got=got)

# Every candidate leads once, alone.
elected = Inside()


def run(who, client):
    client.Election(ROOM + "/election", "candidate %d" % who).run(elected.visit, who, client)


threads = Threads()
for who, client in enumerate(clients[1:], 1):
    threads.run(run, who, client)
threads.join()
tell(what="election", most=elected.most, leaders=sorted(elected.order))
stop(*clients[1:])
