"""kazoo's Lock and Election, handed from one session to the next: as ours.ts does with the library's."""
import json
import sys
import threading
import time

from kazoo.client import KazooClient

order = json.loads(sys.argv[1])
hand_overs = []
state = {"released": None, "measuring": False, "done": False}


def held():
    now = time.monotonic()
    if state["released"] is not None and state["measuring"]:
        hand_overs.append((now - state["released"]) * 1000)
    state["released"] = time.monotonic()


def lock(client):
    lock = client.Lock(order["path"])
    while not state["done"]:
        lock.acquire()
        held()
        lock.release()


def election(client):
    election = client.Election(order["path"])
    while not state["done"]:
        election.run(held)


clients = [KazooClient(hosts=order["hosts"], timeout=30.0) for _ in range(order["contenders"])]
for client in clients:
    client.start()
run = lock if order["recipe"] == "lock" else election
threads = [threading.Thread(target=run, args=(client,)) for client in clients]
for thread in threads:
    thread.start()
time.sleep(1)
state["measuring"] = True
time.sleep(order["seconds"])
state["measuring"] = False
state["done"] = True
for thread in threads:
    thread.join()
for client in clients:
    client.stop()
print(json.dumps({"handOvers": hand_overs}))
