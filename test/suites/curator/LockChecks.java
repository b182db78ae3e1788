import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.locks.Revoker;

/** Mutexes, read-write locks, semaphores, barriers. */
final class LockChecks {
  private LockChecks() {}

  static void add() {
    Suite.check("InterProcessMutex: held, reentered, released, taken", LockChecks::mutex);
    Suite.check("InterProcessMutex: under contention one at a time",
        path -> contention(client -> new InterProcessMutex(client, path)));
    Suite.check("InterProcessMutex: participants in order", LockChecks::participants);
    Suite.check("InterProcessMutex: revoked", LockChecks::revoked);
    Suite.check("InterProcessSemaphoreMutex: not reentrant", LockChecks::semaphoreMutex);
    Suite.check("InterProcessSemaphoreMutex: under contention one at a time",
        path -> contention(client -> new InterProcessSemaphoreMutex(client, path)));
    Suite.check("InterProcessReadWriteLock: readers together, writer alone", LockChecks::readWrite);
    Suite.check("InterProcessReadWriteLock: downgrade", LockChecks::downgrade);
    Suite.check("InterProcessMultiLock: all or none", LockChecks::multiLock);
    Suite.check("InterProcessSemaphoreV2: leases run out and come back", LockChecks::semaphore);
    Suite.check("InterProcessSemaphoreV2: under contention not more than its leases", LockChecks::semaphoreContention);
    Suite.check("DistributedBarrier: opens for all who wait", LockChecks::barrier);
    Suite.check("DistributedDoubleBarrier: in together, out together", LockChecks::doubleBarrier);
  }

  private interface MakeLock {
    InterProcessLock on(CuratorFramework client);
  }

  private static void mutex(String path) throws Exception {
    InterProcessMutex first = new InterProcessMutex(Suite.a, path);
    InterProcessMutex second = new InterProcessMutex(Suite.b, path);
    first.acquire();
    Suite.isTrue("reentered", first.acquire(1, TimeUnit.SECONDS));
    Suite.isTrue("kept from the other", !second.acquire(300, TimeUnit.MILLISECONDS));
    first.release();
    Suite.isTrue("still held", first.isOwnedByCurrentThread());
    first.release();
    Suite.isTrue("taken", second.acquire(10, TimeUnit.SECONDS));
    second.release();
    Suite.see(path);
    Suite.equal(0, Suite.a.getChildren().forPath(path).size());
  }

  private static void contention(MakeLock make) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger total = new AtomicInteger();
    List<Callable<Object>> tasks = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      CuratorFramework client = i % 2 == 0 ? Suite.a : Suite.b;
      tasks.add(() -> {
        InterProcessLock lock = make.on(client);
        for (int turn = 0; turn < 8; turn++) {
          Suite.isTrue("got it in time", lock.acquire(60, TimeUnit.SECONDS));
          try {
            Suite.equal(1, inside.incrementAndGet());
            Thread.sleep(1);
            total.incrementAndGet();
            inside.decrementAndGet();
          } finally {
            lock.release();
          }
        }
        return null;
      });
    }
    Suite.together(tasks);
    Suite.equal(48, total.get());
  }

  private static void participants(String path) throws Exception {
    InterProcessMutex first = new InterProcessMutex(Suite.a, path);
    InterProcessMutex second = new InterProcessMutex(Suite.b, path);
    first.acquire();
    Thread waiter = new Thread(() -> {
      try {
        second.acquire();
        second.release();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    });
    waiter.start();
    Suite.until("two of them", () -> first.getParticipantNodes().size() == 2);
    List<String> nodes = new ArrayList<>(first.getParticipantNodes());
    Suite.isTrue("the holder is first",
        nodes.get(0).compareTo(nodes.get(1)) != 0 && nodes.get(0).endsWith("0000000000"));
    first.release();
    waiter.join(30_000);
    Suite.isTrue("the waiter had its turn", !waiter.isAlive());
  }

  private static void revoked(String path) throws Exception {
    InterProcessMutex holder = new InterProcessMutex(Suite.a, path);
    CountDownLatch asked = new CountDownLatch(1);
    holder.makeRevocable(lock -> asked.countDown());
    holder.acquire();
    String node = holder.getParticipantNodes().iterator().next();
    Revoker.attemptRevoke(Suite.b, node);
    Suite.isTrue("was asked to let go", asked.await(20, TimeUnit.SECONDS));
    holder.release();
  }

  private static void semaphoreMutex(String path) throws Exception {
    InterProcessSemaphoreMutex lock = new InterProcessSemaphoreMutex(Suite.a, path);
    lock.acquire();
    Suite.isTrue("not reentrant", !lock.acquire(300, TimeUnit.MILLISECONDS));
    lock.release();
    Suite.isTrue("taken again", lock.acquire(10, TimeUnit.SECONDS));
    lock.release();
  }

  private static void readWrite(String path) throws Exception {
    InterProcessReadWriteLock first = new InterProcessReadWriteLock(Suite.a, path);
    InterProcessReadWriteLock second = new InterProcessReadWriteLock(Suite.b, path);
    first.readLock().acquire();
    Suite.isTrue("a second reader", second.readLock().acquire(10, TimeUnit.SECONDS));
    second.readLock().release();
    Suite.isTrue("no writer beside a reader", !second.writeLock().acquire(300, TimeUnit.MILLISECONDS));
    first.readLock().release();
    Suite.isTrue("the writer", second.writeLock().acquire(10, TimeUnit.SECONDS));
    Suite.isTrue("no reader beside a writer", !first.readLock().acquire(300, TimeUnit.MILLISECONDS));
    second.writeLock().release();
    Suite.isTrue("a reader again", first.readLock().acquire(10, TimeUnit.SECONDS));
    first.readLock().release();
  }

  private static void downgrade(String path) throws Exception {
    InterProcessReadWriteLock first = new InterProcessReadWriteLock(Suite.a, path);
    InterProcessReadWriteLock second = new InterProcessReadWriteLock(Suite.b, path);
    first.writeLock().acquire();
    Suite.isTrue("the writer reads", first.readLock().acquire(10, TimeUnit.SECONDS));
    first.writeLock().release();
    Suite.isTrue("other readers after it", second.readLock().acquire(10, TimeUnit.SECONDS));
    Suite.isTrue("no writer", !second.writeLock().acquire(300, TimeUnit.MILLISECONDS));
    second.readLock().release();
    first.readLock().release();
    Suite.isTrue("then a writer", second.writeLock().acquire(10, TimeUnit.SECONDS));
    second.writeLock().release();
  }

  private static void multiLock(String path) throws Exception {
    InterProcessMutex blocker = new InterProcessMutex(Suite.b, path + "/two");
    InterProcessMultiLock all = new InterProcessMultiLock(Suite.a, List.of(path + "/one", path + "/two"));
    blocker.acquire();
    Suite.isTrue("not with one taken", !all.acquire(300, TimeUnit.MILLISECONDS));
    InterProcessMutex one = new InterProcessMutex(Suite.b, path + "/one");
    Suite.isTrue("the other was given back", one.acquire(10, TimeUnit.SECONDS));
    one.release();
    blocker.release();
    Suite.isTrue("with both free", all.acquire(10, TimeUnit.SECONDS));
    all.release();
  }

  private static void semaphore(String path) throws Exception {
    InterProcessSemaphoreV2 first = new InterProcessSemaphoreV2(Suite.a, path, 2);
    InterProcessSemaphoreV2 second = new InterProcessSemaphoreV2(Suite.b, path, 2);
    first.setNodeData(Suite.bytes("who"));
    Lease one = first.acquire();
    Suite.equal("who", Suite.text(one.getData()));
    Lease two = second.acquire(10, TimeUnit.SECONDS);
    Suite.isTrue("the second lease", two != null);
    Suite.isTrue("no third", second.acquire(300, TimeUnit.MILLISECONDS) == null);
    Suite.equal(2, first.getParticipantNodes().size());
    first.returnLease(one);
    Lease three = second.acquire(10, TimeUnit.SECONDS);
    Suite.isTrue("given back, so free", three != null);
    second.returnAll(List.of(two, three));
    Suite.equal(2, first.acquire(2, 10, TimeUnit.SECONDS).size());
  }

  private static void semaphoreContention(String path) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicBoolean tooMany = new AtomicBoolean();
    List<Callable<Object>> tasks = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      CuratorFramework client = i % 2 == 0 ? Suite.a : Suite.b;
      tasks.add(() -> {
        InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, path, 3);
        for (int turn = 0; turn < 4; turn++) {
          Lease lease = semaphore.acquire(60, TimeUnit.SECONDS);
          Suite.isTrue("got it in time", lease != null);
          if (inside.incrementAndGet() > 3) tooMany.set(true);
          Thread.sleep(2);
          inside.decrementAndGet();
          semaphore.returnLease(lease);
        }
        return null;
      });
    }
    Suite.together(tasks);
    Suite.isTrue("three at most", !tooMany.get());
  }

  private static void barrier(String path) throws Exception {
    DistributedBarrier keeper = new DistributedBarrier(Suite.a, path);
    keeper.setBarrier();
    Suite.isTrue("closed", !new DistributedBarrier(Suite.b, path).waitOnBarrier(300, TimeUnit.MILLISECONDS));
    List<Callable<Object>> tasks = new ArrayList<>();
    for (CuratorFramework client : List.of(Suite.a, Suite.b, Suite.b)) {
      tasks.add(() -> {
        Suite.isTrue("opened", new DistributedBarrier(client, path).waitOnBarrier(30, TimeUnit.SECONDS));
        return null;
      });
    }
    tasks.add(() -> {
      Thread.sleep(200);
      keeper.removeBarrier();
      return null;
    });
    Suite.together(tasks);
    Suite.isTrue("stays open", new DistributedBarrier(Suite.b, path).waitOnBarrier(1, TimeUnit.SECONDS));
  }

  private static void doubleBarrier(String path) throws Exception {
    int members = 4;
    AtomicInteger entering = new AtomicInteger();
    AtomicInteger leaving = new AtomicInteger();
    List<Callable<Object>> tasks = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      CuratorFramework client = i % 2 == 0 ? Suite.a : Suite.b;
      int delayMs = 60 * i;
      tasks.add(() -> {
        DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(client, path, members);
        Thread.sleep(delayMs);
        entering.incrementAndGet();
        Suite.isTrue("entered", barrier.enter(30, TimeUnit.SECONDS));
        Suite.equal(members, entering.get());
        Thread.sleep(delayMs);
        leaving.incrementAndGet();
        Suite.isTrue("left", barrier.leave(30, TimeUnit.SECONDS));
        Suite.equal(members, leaving.get());
        return null;
      });
    }
    Suite.together(tasks);
  }
}
