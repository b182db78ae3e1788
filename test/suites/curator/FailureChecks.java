import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/** A server is killed, or a session is lost, where the recipe says what follows. */
final class FailureChecks {
  private FailureChecks() {}

  static void add() {
    Suite.checkAlone("session lost: states, ephemerals, a new session", FailureChecks::sessionLost);
    Suite.checkAlone("session lost: recipes recover", FailureChecks::recipesRecover);
    Suite.checkAlone("session lost: a lock goes to the next", FailureChecks::lockGoesOn);
    Suite.checkAlone("server killed: the session and its ephemerals stay", FailureChecks::sessionStays);
    Suite.checkAlone("server killed: locks and leases stay", FailureChecks::locksStay);
    Suite.checkAlone("server killed: one leader again", FailureChecks::leaderAgain);
    Suite.checkAlone("server killed: caches and counts catch up", FailureChecks::cachesCatchUp);
    Suite.checkAlone("server killed amid writes: each at most once, none lost", FailureChecks::writesGoOn);
  }

  /** The first connection may or may not have been told of when the listener is added. */
  private static Queue<String> states(CuratorFramework client) {
    Queue<String> states = new ConcurrentLinkedQueue<>();
    client.getConnectionStateListenable().addListener((who, state) -> {
      if (state != ConnectionState.CONNECTED) states.add(state.name());
    });
    return states;
  }

  private static void sessionLost(String path) throws Exception {
    try (CuratorFramework client = Suite.bothClient()) {
      Queue<String> states = states(client);
      client.create().creatingParentsIfNeeded().withMode(CreateMode.EPHEMERAL).forPath(path + "/e");
      long session = Suite.sessionId(client);
      Suite.loseSession(client);
      Suite.until("connected again", () -> states.contains("RECONNECTED"));
      Suite.equal("[SUSPENDED, LOST, RECONNECTED]", states.toString());
      Suite.isTrue("another session", Suite.sessionId(client) != session);
      client.sync().forPath(path);
      Suite.isTrue("its ephemeral is gone", client.checkExists().forPath(path + "/e") == null);
    }
  }

  private static void recipesRecover(String path) throws Exception {
    try (CuratorFramework client = Suite.bothClient();
        LeaderLatch latch = new LeaderLatch(client, path + "/latch");
        PersistentNode node = new PersistentNode(client, CreateMode.EPHEMERAL, false, path + "/node", Suite.bytes("x"));
        GroupMember member = new GroupMember(client, path + "/group", "me");
        ServiceDiscovery<Void> discovery = DiscoveryChecks.discovery(client, path + "/services");
        CuratorCache cache = CuratorCache.build(client, path + "/tree");
        SharedCount count = new SharedCount(client, path + "/count", 1)) {
      latch.start();
      node.start();
      member.start();
      cache.start();
      count.start();
      discovery.registerService(DiscoveryChecks.instance("one", 1));
      Suite.isTrue("made", node.waitForInitialCreate(20, TimeUnit.SECONDS));
      Suite.isTrue("leads", latch.await(20, TimeUnit.SECONDS));
      Suite.loseSession(client);
      Suite.until("the persistent node is the new session's", () -> {
        Stat stat = Suite.b.checkExists().forPath(path + "/node");
        return stat != null && stat.getEphemeralOwner() == Suite.sessionId(client);
      });
      Suite.until("leads again", latch::hasLeadership);
      Suite.until("a member again", () -> Suite.b.checkExists().forPath(path + "/group/me") != null);
      Suite.until("registered again", () -> Suite.b.checkExists().forPath(path + "/services/web/one") != null);
      Suite.b.create().creatingParentsIfNeeded().forPath(path + "/tree/x", Suite.bytes("after"));
      Suite.until("the cache goes on", () -> cache.get(path + "/tree/x").isPresent());
      try (SharedCount other = new SharedCount(Suite.b, path + "/count", 1)) {
        other.start();
        other.setCount(9);
      }
      Suite.until("the count goes on", () -> count.getCount() == 9);
    }
  }

  private static void lockGoesOn(String path) throws Exception {
    try (CuratorFramework client = Suite.bothClient()) {
      InterProcessMutex lost = new InterProcessMutex(client, path);
      InterProcessMutex next = new InterProcessMutex(Suite.b, path);
      lost.acquire();
      Suite.isTrue("held", !next.acquire(200, TimeUnit.MILLISECONDS));
      Suite.loseSession(client);
      Suite.isTrue("goes to the next", next.acquire(20, TimeUnit.SECONDS));
      next.release();
    }
  }

  private static void sessionStays(String path) throws Exception {
    try (CuratorFramework client = Suite.bothClient()) {
      Queue<String> states = states(client);
      Queue<String> events = new ConcurrentLinkedQueue<>();
      client.create().creatingParentsIfNeeded().withMode(CreateMode.EPHEMERAL).forPath(path + "/e");
      client.checkExists().usingWatcher((org.apache.curator.framework.api.CuratorWatcher) event -> {
        if (event.getPath() != null) events.add("" + event.getType());
      }).forPath(path + "/missed");
      long session = Suite.sessionId(client);
      Suite.kill(0);
      try {
        Suite.b.create().forPath(path + "/missed");
        Suite.until("connected again", () -> states.contains("RECONNECTED"));
        Suite.equal("[SUSPENDED, RECONNECTED]", states.toString());
        Suite.equal(session, Suite.sessionId(client));
        Suite.equal(session, client.checkExists().forPath(path + "/e").getEphemeralOwner());
        Suite.until("the watch fires for what it missed", () -> events.contains("NodeCreated"));
      } finally {
        Suite.start(0);
      }
    }
  }

  private static void locksStay(String path) throws Exception {
    try (CuratorFramework client = Suite.bothClient()) {
      Queue<String> states = states(client);
      InterProcessMutex held = new InterProcessMutex(client, path + "/mutex");
      InterProcessMutex other = new InterProcessMutex(Suite.b, path + "/mutex");
      InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, path + "/semaphore", 1);
      held.acquire();
      Lease lease = semaphore.acquire();
      Suite.kill(0);
      try {
        Suite.until("connected again", () -> states.contains("RECONNECTED"));
        Suite.isTrue("still held", !other.acquire(300, TimeUnit.MILLISECONDS));
        Suite.isTrue("still leased",
            new InterProcessSemaphoreV2(Suite.b, path + "/semaphore", 1).acquire(300, TimeUnit.MILLISECONDS) == null);
        held.release();
        semaphore.returnLease(lease);
        Suite.isTrue("released", other.acquire(20, TimeUnit.SECONDS));
        other.release();
      } finally {
        Suite.start(0);
      }
    }
  }

  private static void leaderAgain(String path) throws Exception {
    try (CuratorFramework client = Suite.bothClient();
        LeaderLatch first = new LeaderLatch(client, path, "first");
        LeaderLatch second = new LeaderLatch(Suite.b, path, "second")) {
      first.start();
      Suite.isTrue("leads", first.await(20, TimeUnit.SECONDS));
      second.start();
      Suite.until("both", () -> second.getParticipants().size() == 2);
      Queue<String> states = states(client);
      Suite.kill(0);
      try {
        Suite.until("suspended, so no leader", () -> states.contains("SUSPENDED"));
        Suite.until("connected again", () -> states.contains("RECONNECTED"));
        Suite.until("one leader", () -> first.hasLeadership() != second.hasLeadership());
        Thread.sleep(500);
        Suite.isTrue("and one only", first.hasLeadership() != second.hasLeadership());
      } finally {
        Suite.start(0);
      }
    }
  }

  @SuppressWarnings("deprecation")
  private static void cachesCatchUp(String path) throws Exception {
    Suite.b.create().creatingParentsIfNeeded().forPath(path + "/old", Suite.bytes("0"));
    try (CuratorFramework own = Suite.bothClient();
        CuratorCache cache = CuratorCache.build(own, path);
        CuratorFramework client = Suite.bothClient();
        TreeCache tree = new TreeCache(client, path);
        PathChildrenCache children = new PathChildrenCache(client, path, true);
        SharedCount count = new SharedCount(client, path + "-count", 0)) {
      cache.start();
      tree.start();
      children.start();
      count.start();
      Suite.until("all know the old node", () -> cache.get(path + "/old").isPresent()
          && tree.getCurrentData(path + "/old") != null && children.getCurrentData(path + "/old") != null);
      Suite.kill(0);
      try {
        Suite.b.delete().forPath(path + "/old");
        for (int i = 0; i < 20; i++) Suite.b.create().creatingParentsIfNeeded().forPath(path + "/" + i + "/x", Suite.bytes("" + i));
        Suite.b.setData().forPath(path + "/3", Suite.bytes("three"));
        try (SharedCount other = new SharedCount(Suite.b, path + "-count", 0)) {
          other.start();
          other.setCount(5);
        }
        Map<String, String> real = CacheChecks.read(Suite.b, path, new TreeMap<>());
        CacheChecks.agrees("CuratorCache", real, () -> CacheChecks.asMap(cache.stream().toList()));
        CacheChecks.agrees("TreeCache", real, () -> CacheChecks.asMap(tree));
        Suite.until("PathChildrenCache agrees", () -> {
          Map<String, String> seen = CacheChecks.asMap(children.getCurrentData());
          return seen.size() == 20 && "three".equals(seen.get(path + "/3"));
        });
        Suite.until("SharedCount agrees", () -> count.getCount() == 5);
      } finally {
        Suite.start(0);
      }
    }
  }

  private static void writesGoOn(String path) throws Exception {
    Suite.b.create().creatingParentsIfNeeded().forPath(path, Suite.bytes("0"));
    try (CuratorFramework client = Suite.bothClient()) {
      int total = 200;
      Suite.together(List.of(
          () -> {
            for (int i = 0; i < total; i++) addOne(client, path);
            return null;
          },
          () -> {
            Suite.until("some are in", () -> Suite.b.checkExists().forPath(path).getVersion() > 20);
            Suite.kill(0);
            return null;
          }));
      client.sync().forPath(path);
      Stat stat = new Stat();
      Suite.equal("" + total, Suite.text(client.getData().storingStatIn(stat).forPath(path)));
      Suite.equal(total, stat.getVersion());
    } finally {
      Suite.start(0);
    }
  }

  /** Knows by the version whether a write whose answer was lost has happened. */
  private static void addOne(CuratorFramework client, String path) throws Exception {
    Stat stat = new Stat();
    int next = Integer.parseInt(Suite.text(client.getData().storingStatIn(stat).forPath(path))) + 1;
    try {
      client.setData().withVersion(stat.getVersion()).forPath(path, Suite.bytes("" + next));
    } catch (KeeperException.BadVersionException error) {
      // Curator tried again after the answer was lost: the write is there.
      client.sync().forPath(path);
      Suite.equal("" + next, Suite.text(client.getData().forPath(path)));
    }
  }
}
