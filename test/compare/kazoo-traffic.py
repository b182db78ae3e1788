"""Traffic of two kazoo clients at one address: everything that kazoo sends, watches and locks too."""

import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NoAuthError, NoNodeError, NotEmptyError
from kazoo.protocol.states import KazooState
from kazoo.security import make_acl, make_digest_acl

address, room = sys.argv[1:3]
DEADLINE_S = 15


def connect(**options):
    client = KazooClient(hosts=address, timeout=10.0, **options)
    client.start(timeout=DEADLINE_S)
    return client


def fails(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        return
    raise AssertionError("no %s" % error.__name__)


def wait(event, what):
    if not event.wait(DEADLINE_S):
        raise AssertionError("no %s" % what)


a = connect()
b = connect()
assert a.command(b"ruok") == "imok"

# Creates in all modes, versions, errors.
a.create(room + "/deep/er", b"x", makepath=True)
for i in range(3):
    a.create(room + "/n-", b"", sequence=True)
    a.create(room + "/e-", b"", sequence=True, ephemeral=True)
path, stat = a.create(room + "/with-stat", b"data", include_data=True)
b.sync(room)
assert len(b.get_children(room)) == 8
b.set(path, b"new", version=stat.version)
fails(BadVersionError, a.set, path, b"", version=0)
fails(NoNodeError, a.get, room + "/none")
fails(NotEmptyError, a.delete, room + "/deep")
b.get_children(room, include_data=True)

# Watches of every kind on one client, changes by the other.
events = []
seen = threading.Semaphore(0)


def on_event(event):
    events.append((event.type, event.path))
    seen.release()


def await_events(count):
    for _ in range(count):
        if not seen.acquire(timeout=DEADLINE_S):
            raise AssertionError("only %r" % events)


a.get(path, watch=on_event)
a.get_children(room, watch=on_event)
a.exists(room + "/later", watch=on_event)
b.create(room + "/later", b"")
b.set(path, b"newer")
await_events(3)
a.get(path, watch=on_event)
a.get_children(room, watch=on_event)
b.delete(path)
await_events(2)

# Transactions, good and bad.
t = b.transaction()
t.check(room + "/later", 0)
t.create(room + "/x", b"1")
t.create(room + "/n-", b"", sequence=True, ephemeral=True)
t.set_data(room + "/x", b"22")
t.delete(room + "/x", version=1)
t.commit()
t = b.transaction()
t.create(room + "/y")
t.delete(room + "/none")
t.create(room + "/z")
t.commit()

# ACLs.
a.add_auth("digest", "alice:secret")
mine = make_digest_acl("alice", "secret", all=True)
a.create(room + "/mine", b"x", acl=[mine, make_acl("world", "anyone", read=True)])
assert b.get(room + "/mine")[0] == b"x"
fails(NoAuthError, b.set, room + "/mine", b"y")
b.get_acls(room + "/mine")
b.add_auth("digest", "alice:secret")
b.set_acls(room + "/mine", [mine], version=0)
b.get_acls(room + "/mine")

# A lock handed over, and a queue.
lock = a.Lock(room + "/lock", "a")
lock.acquire()
inside = threading.Event()


def contend():
    with b.Lock(room + "/lock", "b"):
        inside.set()


thread = threading.Thread(target=contend)
thread.start()
lock.release()
wait(inside, "lock of b")
thread.join()
queue = a.LockingQueue(room + "/queue")
queue.put_all([b"1", b"2"])
queue.get(DEADLINE_S)
queue.consume()

# The connection is lost, the session is not: kazoo comes back with it.
back = threading.Event()


@a.add_listener
def on_state(state):
    if state == KazooState.CONNECTED:
        back.set()


session = a.client_id[0]
a._connection._socket.shutdown(2)
wait(back, "new connection")
assert a.client_id[0] == session
assert a.exists(room + "/e-0000000002").ephemeralOwner == session

# The end of a session is seen by the other.
a_gone = threading.Event()
b.exists(room + "/e-0000000002", watch=lambda event: a_gone.set())
a.stop()
wait(a_gone, "end of a's ephemeral")
b.get_children(room)
b.stop()
