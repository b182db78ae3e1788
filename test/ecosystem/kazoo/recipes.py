"""Barrier, DoubleBarrier, Counter, Queue, LockingQueue, Party, Semaphore."""

import threading

from common import A, B, ROOM, Threads, connect, stop, tell, wait

a = connect(A)
b = connect(B)
a.create(ROOM, b"")
b.sync(ROOM)

barrier = a.Barrier(ROOM + "/barrier")
barrier.create()
b.sync(ROOM)
passed = threading.Event()
threads = Threads()
closed_wait = b.Barrier(ROOM + "/barrier").wait(timeout=0.2)
threads.run(lambda: b.Barrier(ROOM + "/barrier").wait(10) and passed.set())
before = passed.is_set()
removed = barrier.remove()
wait(passed, "passage")
threads.join()
tell(what="barrier", closed_wait=closed_wait, before=before, removed=removed)

order = []
threads = Threads()


def meet(name, client):
    double = client.DoubleBarrier(ROOM + "/double", 2)
    double.enter()
    order.append("in")
    double.leave()
    order.append("out")


threads.run(meet, "a", a)
threads.run(meet, "b", b)
threads.join()
tell(what="double barrier", order=sorted(order))

counters = [client.Counter(ROOM + "/counter", default=7) for client in (a, b)]


def count(counter):
    for _ in range(20):
        counter += 2
        counter -= 1


threads = Threads()
for counter in counters:
    threads.run(count, counter)
threads.join()
a.sync(ROOM)
tell(what="counter", value=counters[0].value)

queue = a.Queue(ROOM + "/queue")
for i, priority in [(1, 100), (2, 100), (3, 10), (4, 100)]:
    queue.put(b"%d" % i, priority)
b.sync(ROOM)
other = b.Queue(ROOM + "/queue")
length = len(other)
got = [int(side.get()) for side in (other, queue, other, queue)]
tell(what="queue", length=length, got=got, empty=other.get() is None)

locking = a.LockingQueue(ROOM + "/locking")
locking.put_all([b"one", b"two", b"three"])
taker = b.LockingQueue(ROOM + "/locking")
b.sync(ROOM)
first = taker.get(5)
second = locking.get(5)
held = taker.holds_lock()
taken = taker.consume()
# An item that was taken but not consumed comes back when its taker's session ends.
stop(a)
a = connect(A)
again = a.LockingQueue(ROOM + "/locking")
rest = []
for _ in range(2):
    rest.append(again.get(5).decode())
    again.consume()
tell(
    what="locking queue",
    first=first.decode(),
    second=second.decode(),
    held=held,
    taken=taken,
    rest=sorted(rest),
    left=len(again),
)

parties = [a.Party(ROOM + "/party", "ann"), b.Party(ROOM + "/party", "bob")]
for party in parties:
    party.join()
a.sync(ROOM)
both = sorted(parties[0])
stop(b)
a.sync(ROOM)
tell(what="party", both=both, one=sorted(parties[0]), length=len(parties[0]))

b = connect(B)
semaphores = [client.Semaphore(ROOM + "/semaphore", "s", max_leases=2) for client in (a, b, a)]
leased = [semaphore.acquire(blocking=i < 2) for i, semaphore in enumerate(semaphores)]
semaphores[1].release()
leased.append(semaphores[2].acquire(timeout=10))
tell(what="semaphore", leased=leased, holders=len(semaphores[0].lease_holders()))
stop(a, b)
