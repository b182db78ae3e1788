"""Transactions, and ACLs with add_auth."""

from kazoo.security import OPEN_ACL_UNSAFE, make_acl, make_digest_acl

from common import A, B, ROOM, connect, error_of, stop, tell

a = connect(A)
b = connect(B)
a.create(ROOM, b"")

t = a.transaction()
t.check(ROOM, 0)
t.create(ROOM + "/x", b"1")
t.create(ROOM + "/n-", b"", sequence=True, ephemeral=True)
t.set_data(ROOM + "/x", b"22")
t.delete(ROOM + "/x", version=1)
good = t.commit()
tell(
    what="committed",
    results=[
        good[0],
        good[1][len(ROOM):],
        good[2][len(ROOM):],
        good[3].version,
        good[4],
    ],
    children=a.get_children(ROOM),
)

t = a.transaction()
t.create(ROOM + "/y")
t.delete(ROOM + "/none")
t.create(ROOM + "/z")
bad = t.commit()
tell(
    what="rolled back",
    results=[type(result).__name__ for result in bad],
    children=a.get_children(ROOM),
)

a.add_auth("digest", "alice:secret")
mine = make_digest_acl("alice", "secret", all=True)
path = a.create(ROOM + "/mine", b"x", acl=[mine, make_acl("world", "anyone", read=True)])
b.sync(path)
tell(
    what="acl",
    read=b.get(path)[0].decode(),
    errors=[error_of(b.set, path, b"y"), error_of(b.set_acls, path, OPEN_ACL_UNSAFE)],
    # A stranger sees who may, but no hash.
    seen=[[acl.perms, acl.id.scheme, acl.id.id] for acl in b.get_acls(path)[0]],
)
b.add_auth("digest", "alice:secret")
stat = b.set_acls(path, OPEN_ACL_UNSAFE, version=0)
tell(
    what="opened",
    aversion=stat.aversion,
    error=error_of(b.set_acls, path, OPEN_ACL_UNSAFE, version=0),
    whole=[[acl.perms, acl.id.scheme, acl.id.id] for acl in b.get_acls(path)[0]],
)
c = connect(A, auth_data=[("digest", "alice:secret")])
c.sync(path)
c.set(path, b"z")
tell(what="auth_data", data=c.get(path)[0].decode())
tell(what="wrong scheme", error=error_of(c.add_auth, "nonsense", "x"))
stop(a, b)
