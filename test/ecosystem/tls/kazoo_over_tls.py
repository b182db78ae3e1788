"""A session over TLS with kazoo: creates a znode with its own ACL, reads it back, and prints what it saw."""
import sys

from kazoo.client import KazooClient
from kazoo.security import make_acl

hosts, ca, cert, key, owner = sys.argv[1:]
client = KazooClient(hosts=hosts, timeout=10, use_ssl=True, ca=ca, certfile=cert, keyfile=key)
client.start(timeout=20)
client.create("/kazoo-client", b"over tls", acl=[make_acl("x509", owner, all=True)])
print(client.get("/kazoo-client")[0].decode())
client.stop()
