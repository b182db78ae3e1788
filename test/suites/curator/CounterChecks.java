import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.CachedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.atomic.PromotedToLock;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedCountListener;
import org.apache.curator.framework.recipes.shared.SharedCountReader;
import org.apache.curator.framework.recipes.shared.SharedValue;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;

/** Shared counts and values, distributed atomic numbers. */
final class CounterChecks {
  private CounterChecks() {}

  static void add() {
    Suite.check("SharedCount: changes arrive, an old version loses", CounterChecks::sharedCount);
    Suite.check("SharedCount: every change wins once", CounterChecks::sharedCountRace);
    Suite.check("SharedValue: changes arrive, an old version loses", CounterChecks::sharedValue);
    Suite.check("DistributedAtomicLong: no increment is lost", path -> atomicLong(path, false));
    Suite.check("DistributedAtomicLong: promoted to a lock", path -> atomicLong(path, true));
    Suite.check("DistributedAtomicLong: set, compare, subtract", CounterChecks::atomicOperations);
    Suite.check("DistributedAtomicInteger: add", CounterChecks::atomicInteger);
    Suite.check("CachedAtomicLong: every number once", CounterChecks::cachedLong);
  }

  private static void sharedCount(String path) throws Exception {
    try (SharedCount first = new SharedCount(Suite.a, path, 5);
        SharedCount second = new SharedCount(Suite.b, path, 5)) {
      first.start();
      second.start();
      CountDownLatch seen = new CountDownLatch(1);
      second.addListener(new SharedCountListener() {
        @Override
        public void countHasChanged(SharedCountReader reader, int count) {
          if (count == 7) seen.countDown();
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {}
      });
      Suite.equal(5, first.getCount());
      VersionedValue<Integer> old = first.getVersionedValue();
      first.setCount(7);
      Suite.isTrue("the listener was told", seen.await(20, TimeUnit.SECONDS));
      Suite.isTrue("an old version loses", !first.trySetCount(old, 9));
      Suite.until("7 everywhere", () -> second.getCount() == 7 && first.getCount() == 7);
      Suite.isTrue("the newest wins", second.trySetCount(second.getVersionedValue(), 8));
      Suite.until("8 everywhere", () -> first.getCount() == 8);
    }
  }

  private static void sharedCountRace(String path) throws Exception {
    List<Callable<Object>> tasks = new ArrayList<>();
    for (CuratorFramework client : List.of(Suite.a, Suite.b, Suite.a, Suite.b)) {
      tasks.add(() -> {
        try (SharedCount count = new SharedCount(client, path, 0)) {
          count.start();
          for (int won = 0; won < 10; ) {
            VersionedValue<Integer> seen = count.getVersionedValue();
            if (count.trySetCount(seen, seen.getValue() + 1)) won++;
          }
        }
        return null;
      });
    }
    Suite.together(tasks);
    try (SharedCount count = new SharedCount(Suite.a, path, 0)) {
      count.start();
      Suite.until("40", () -> count.getCount() == 40);
    }
  }

  private static void sharedValue(String path) throws Exception {
    try (SharedValue first = new SharedValue(Suite.a, path, Suite.bytes("seed"));
        SharedValue second = new SharedValue(Suite.b, path, Suite.bytes("seed"))) {
      first.start();
      second.start();
      VersionedValue<byte[]> old = second.getVersionedValue();
      first.setValue(Suite.bytes("new"));
      Suite.until("new", () -> "new".equals(Suite.text(second.getValue())));
      Suite.isTrue("an old version loses", !second.trySetValue(old, Suite.bytes("late")));
      Suite.isTrue("an empty value", second.trySetValue(second.getVersionedValue(), new byte[0]));
      Suite.until("empty", () -> first.getValue().length == 0);
    }
  }

  private static DistributedAtomicLong atomicLongOn(CuratorFramework client, String path, boolean promoted) {
    if (!promoted) return new DistributedAtomicLong(client, path, new RetryNTimes(500, 2));
    PromotedToLock lock = PromotedToLock.builder()
        .lockPath(path + "-lock")
        .timeout(60, TimeUnit.SECONDS)
        .retryPolicy(new RetryNTimes(10, 2))
        .build();
    // One optimistic try, then the lock.
    return new DistributedAtomicLong(client, path, new RetryNTimes(1, 1), lock);
  }

  private static void atomicLong(String path, boolean promoted) throws Exception {
    AtomicLong promotions = new AtomicLong();
    List<Callable<Object>> tasks = new ArrayList<>();
    for (CuratorFramework client : List.of(Suite.a, Suite.b, Suite.a, Suite.b)) {
      tasks.add(() -> {
        DistributedAtomicLong number = atomicLongOn(client, path, promoted);
        for (int i = 0; i < 12; i++) {
          AtomicValue<Long> value = number.increment();
          Suite.isTrue("succeeded", value.succeeded());
          Suite.equal(value.preValue() + 1, value.postValue());
          promotions.addAndGet(value.getStats().getPromotedLockTries());
        }
        return null;
      });
    }
    Suite.together(tasks);
    Suite.a.sync().forPath(path);
    Suite.equal(48L, atomicLongOn(Suite.a, path, promoted).get().postValue());
    Suite.isTrue("the lock only where asked for", promoted || promotions.get() == 0);
  }

  private static void atomicOperations(String path) throws Exception {
    DistributedAtomicLong first = atomicLongOn(Suite.a, path, false);
    DistributedAtomicLong second = atomicLongOn(Suite.b, path, false);
    Suite.isTrue("made", first.initialize(10L));
    Suite.isTrue("once only", !second.initialize(11L));
    Suite.isTrue("subtracted", second.subtract(4L).succeeded());
    Suite.a.sync().forPath(path);
    Suite.isTrue("compared and set", first.compareAndSet(6L, 20L).succeeded());
    Suite.isTrue("not the same", !second.compareAndSet(6L, 30L).succeeded());
    second.forceSet(-1L);
    Suite.a.sync().forPath(path);
    Suite.equal(-1L, first.get().postValue());
  }

  private static void atomicInteger(String path) throws Exception {
    DistributedAtomicInteger first = new DistributedAtomicInteger(Suite.a, path, new RetryNTimes(100, 2));
    DistributedAtomicInteger second = new DistributedAtomicInteger(Suite.b, path, new RetryNTimes(100, 2));
    Suite.isTrue("added", first.add(40).succeeded());
    Suite.isTrue("added", second.add(2).succeeded());
    Suite.a.sync().forPath(path);
    Suite.equal(42, first.get().postValue());
  }

  private static void cachedLong(String path) throws Exception {
    CachedAtomicLong first = new CachedAtomicLong(atomicLongOn(Suite.a, path, false), 5);
    CachedAtomicLong second = new CachedAtomicLong(atomicLongOn(Suite.b, path, false), 5);
    java.util.Set<Long> numbers = new java.util.HashSet<>();
    for (int i = 0; i < 12; i++) {
      Suite.isTrue("a new number", numbers.add(first.next().postValue()));
      Suite.isTrue("a new number", numbers.add(second.next().postValue()));
    }
  }
}
