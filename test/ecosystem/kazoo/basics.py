"""Sessions, create in its modes, versions, sync, four-letter words."""

from common import A, B, ROOM, connect, error_of, stop, tell

a = connect(A, timeout=7.0)
b = connect(B)
tell(
    what="session",
    timeout=a._session_timeout,
    different=a.client_id[0] != b.client_id[0],
    version=list(a.server_version())[:2],
    ruok=a.command(b"ruok"),
)

paths = [
    a.create(ROOM + "/deep/er", b"x", makepath=True),
    a.create(ROOM + "/e", b"", ephemeral=True),
    a.create(ROOM + "/n-", b"", sequence=True),
    a.create(ROOM + "/ne-", b"", ephemeral=True, sequence=True),
    a.create(ROOM + "/with-stat", b"data", include_data=True)[0],
]
b.sync(ROOM)
owners = [b.exists(path).ephemeralOwner for path in paths]
tell(
    what="create",
    paths=[path[len(ROOM):] for path in paths],
    own=[owner == a.client_id[0] for owner in owners],
    none=[owner == 0 for owner in owners],
    errors=[
        error_of(a.create, ROOM + "/e"),
        error_of(a.create, ROOM + "/e/child"),
        error_of(a.create, ROOM + "/none/child"),
    ],
    children=sorted(b.get_children(ROOM)),
)

path = paths[-1]
data, stat = b.get(path)
changed = b.set(path, b"new", version=stat.version)
a.sync(path)
tell(
    what="versions",
    before=[data.decode(), stat.version, stat.data_length],
    after=[a.get(path)[0].decode(), changed.version, changed.data_length],
    grown=changed.last_modified_transaction_id > stat.last_modified_transaction_id,
    errors=[
        error_of(a.set, path, b"", version=0),
        error_of(a.delete, path, version=0),
        error_of(a.delete, ROOM + "/deep"),
        error_of(a.get, ROOM + "/none"),
    ],
)

a.delete(ROOM + "/deep", recursive=True)
tell(what="delete", exists=a.exists(ROOM + "/deep") is not None)

stop(a)
b.sync(ROOM)
tell(what="closed", children=sorted(b.get_children(ROOM)))
stop(b)
