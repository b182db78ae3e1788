"""DataWatch and ChildrenWatch on one proxy, changes through the other."""

import threading

from common import A, B, DEADLINE_S, ROOM, connect, stop, tell

a = connect(A)
b = connect(B)
a.create(ROOM, b"")
b.sync(ROOM)


class Seen:
    """What a watch was called with; wait until the newest is what it should be."""

    def __init__(self):
        self.values = []
        self.changed = threading.Condition()

    def add(self, value):
        with self.changed:
            self.values.append(value)
            self.changed.notify_all()

    def until(self, value):
        with self.changed:
            last = lambda: self.values and self.values[-1] == value
            if not self.changed.wait_for(last, DEADLINE_S):
                raise AssertionError("saw %r, never %r" % (self.values, value))


data = Seen()
children = Seen()


@b.DataWatch(ROOM + "/watched")
def on_data(value, stat, event):
    data.add((value and value.decode(), stat and stat.version, event and event.type))


@b.ChildrenWatch(ROOM)
def on_children(names):
    children.add(sorted(names))


# One change after the other: a watch promises the newest state, not each one.
data.until((None, None, None))
children.until([])
a.create(ROOM + "/watched", b"one")
data.until(("one", 0, "CREATED"))
children.until(["watched"])
a.set(ROOM + "/watched", b"two")
data.until(("two", 1, "CHANGED"))
a.create(ROOM + "/other")
children.until(["other", "watched"])
a.delete(ROOM + "/watched")
data.until((None, None, "DELETED"))
children.until(["other"])
a.create(ROOM + "/watched", b"back")
data.until(("back", 0, "CREATED"))
children.until(["other", "watched"])
tell(what="data", values=data.values)
tell(what="children", values=children.values)

# In one thread, a storm of writes: whatever is skipped, the end is seen.
for i in range(100):
    a.set(ROOM + "/watched", b"%d" % i)
data.until(("99", 100, "CHANGED"))
versions = [version for _, version, _ in data.values[6:]]
tell(what="storm", ordered=versions == sorted(set(versions)))
stop(a, b)
