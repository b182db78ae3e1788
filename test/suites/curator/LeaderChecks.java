import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;

/** Leader latch and leader selector. */
final class LeaderChecks {
  private LeaderChecks() {}

  static void add() {
    Suite.check("LeaderLatch: one leads, the next follows", LeaderChecks::latch);
    Suite.check("LeaderLatch: listeners are notified", LeaderChecks::listeners);
    Suite.check("LeaderLatch: participants and leader by name", LeaderChecks::names);
    Suite.check("LeaderSelector: one at a time, each in turn", LeaderChecks::selector);
    Suite.check("LeaderSelector: interrupted leadership continues", LeaderChecks::interrupted);
  }

  private static void latch(String path) throws Exception {
    List<LeaderLatch> latches = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      LeaderLatch latch = new LeaderLatch(i % 2 == 0 ? Suite.a : Suite.b, path, "latch-" + i);
      latch.start();
      latches.add(latch);
    }
    while (!latches.isEmpty()) {
      Suite.until("a leader", () -> latches.stream().anyMatch(LeaderLatch::hasLeadership));
      Suite.equal(1L, latches.stream().filter(LeaderLatch::hasLeadership).count());
      LeaderLatch leader = latches.stream().filter(LeaderLatch::hasLeadership).findFirst().orElseThrow();
      leader.close();
      latches.remove(leader);
    }
  }

  private static void listeners(String path) throws Exception {
    AtomicInteger gained = new AtomicInteger();
    AtomicInteger lost = new AtomicInteger();
    LeaderLatchListener listener = new LeaderLatchListener() {
      @Override
      public void isLeader() {
        gained.incrementAndGet();
      }

      @Override
      public void notLeader() {
        lost.incrementAndGet();
      }
    };
    LeaderLatch latch = new LeaderLatch(Suite.a, path);
    latch.addListener(listener);
    latch.start();
    Suite.isTrue("leads", latch.await(20, TimeUnit.SECONDS));
    Suite.until("told of it", () -> gained.get() == 1);
    // Another client takes the latch's node away: it makes a new one.
    Suite.b.delete().forPath(path + "/" + Suite.b.getChildren().forPath(path).get(0));
    latch.close(LeaderLatch.CloseMode.NOTIFY_LEADER);
    Suite.until("told of the end", () -> lost.get() == 1);
  }

  private static void names(String path) throws Exception {
    try (LeaderLatch first = new LeaderLatch(Suite.a, path, "first");
        LeaderLatch second = new LeaderLatch(Suite.b, path, "second")) {
      first.start();
      Suite.isTrue("leads", first.await(20, TimeUnit.SECONDS));
      second.start();
      Suite.until("two", () -> second.getParticipants().size() == 2);
      Suite.equal("first", second.getLeader().getId());
      Suite.isTrue("the second waits", !second.await(300, TimeUnit.MILLISECONDS));
    }
  }

  private static final class Counting extends LeaderSelectorListenerAdapter {
    final AtomicInteger turns = new AtomicInteger();
    private final AtomicInteger inside;
    private final AtomicBoolean two;

    Counting(AtomicInteger inside, AtomicBoolean two) {
      this.inside = inside;
      this.two = two;
    }

    @Override
    public void takeLeadership(CuratorFramework client) throws Exception {
      if (inside.incrementAndGet() > 1) two.set(true);
      turns.incrementAndGet();
      Thread.sleep(20);
      inside.decrementAndGet();
    }
  }

  private static void selector(String path) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicBoolean two = new AtomicBoolean();
    Counting first = new Counting(inside, two);
    Counting second = new Counting(inside, two);
    try (LeaderSelector one = new LeaderSelector(Suite.a, path, first);
        LeaderSelector other = new LeaderSelector(Suite.b, path, second)) {
      one.setId("one");
      other.setId("other");
      one.autoRequeue();
      other.autoRequeue();
      one.start();
      other.start();
      Suite.until("each leads some times", () -> first.turns.get() >= 3 && second.turns.get() >= 3);
      // For a moment, between two turns, one of them is not in the queue.
      Suite.until("two participants", () -> one.getParticipants().size() == 2);
    }
    Suite.isTrue("never two leaders", !two.get());
  }

  private static void interrupted(String path) throws Exception {
    Semaphore leading = new Semaphore(0);
    LeaderSelectorListenerAdapter holder = new LeaderSelectorListenerAdapter() {
      @Override
      public void takeLeadership(CuratorFramework client) throws Exception {
        leading.release();
        Thread.currentThread().join();
      }
    };
    try (LeaderSelector one = new LeaderSelector(Suite.a, path, holder);
        LeaderSelector other = new LeaderSelector(Suite.b, path, holder)) {
      one.start();
      Suite.isTrue("leads", leading.tryAcquire(20, TimeUnit.SECONDS));
      other.start();
      Suite.isTrue("the other waits", !leading.tryAcquire(300, TimeUnit.MILLISECONDS));
      one.interruptLeadership();
      Suite.isTrue("the other leads", leading.tryAcquire(20, TimeUnit.SECONDS));
      Suite.isTrue("it knows", other.hasLeadership());
    }
  }
}
