import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/** Create modes and the recipes that keep a node there. */
final class NodeChecks {
  private NodeChecks() {}

  static void add() {
    Suite.check("create: every mode", NodeChecks::modes);
    Suite.check("create: containers as parents", NodeChecks::containerParents);
    Suite.check("create: with protection", NodeChecks::protection);
    Suite.check("create: TTL out of range or without its mode", NodeChecks::badTtl);
    Suite.check("PersistentNode: comes back when deleted", NodeChecks::persistentNode);
    Suite.check("PersistentNode: sequential, container, persistent", NodeChecks::persistentModes);
    Suite.check("PersistentTtlNode: touched while open", NodeChecks::persistentTtl);
    Suite.check("GroupMember: members see each other", NodeChecks::groupMember);
  }

  private static void modes(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path + "/top");
    long session = Suite.sessionId(Suite.a);
    int sequence = 0;
    for (CreateMode mode : CreateMode.values()) {
      Stat stat = new Stat();
      String wish = path + "/" + mode + "-";
      var create = Suite.a.create();
      String node = mode.isTTL()
          ? create.withTtl(600_000).storingStatIn(stat).withMode(mode).forPath(wish, Suite.bytes("x"))
          : create.storingStatIn(stat).withMode(mode).forPath(wish, Suite.bytes("x"));
      // Every child that the parent ever had counts, sequential or not.
      sequence++;
      Suite.equal(mode.isSequential() ? wish + String.format("%010d", sequence) : wish, node);
      Suite.b.sync().forPath(node);
      Stat there = Suite.b.checkExists().forPath(node);
      Suite.equal(stat, there);
      Suite.equal(1, there.getDataLength());
      Suite.equal(0, there.getVersion());
      Suite.equal(there.getCzxid(), there.getPzxid());
      if (mode.isEphemeral()) Suite.equal(session, there.getEphemeralOwner());
      // What tells containers and TTL znodes apart is not shown to clients.
      else Suite.equal(0L, there.getEphemeralOwner());
    }
    Suite.throwsA(KeeperException.NoChildrenForEphemeralsException.class,
        () -> Suite.b.create().forPath(path + "/EPHEMERAL-/child"));
    Suite.throwsA(KeeperException.NodeExistsException.class, () -> Suite.b.create().forPath(path + "/top"));
  }

  private static void containerParents(String path) throws Exception {
    Suite.a.create().creatingParentContainersIfNeeded().forPath(path + "/p/q", Suite.bytes("x"));
    Suite.b.sync().forPath(path);
    Suite.see(path);
    Suite.equal("x", Suite.text(Suite.b.getData().forPath(path + "/p/q")));
    Suite.equal(1, Suite.b.checkExists().forPath(path + "/p").getCversion());
  }

  private static void protection(String path) throws Exception {
    String node = Suite.a.create().creatingParentsIfNeeded().withProtection()
        .withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(path + "/n-");
    Suite.isTrue(node, node.matches(".*/_c_[-0-9a-f]{36}-n-0000000000"));
  }

  private static void badTtl(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path);
    Suite.throwsA(IllegalArgumentException.class,
        () -> Suite.a.create().withTtl(0).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path + "/zero"));
    Suite.throwsA(IllegalArgumentException.class,
        () -> Suite.a.create().withTtl(1L << 41).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path + "/long"));
  }

  private static void persistentNode(String path) throws Exception {
    try (PersistentNode node = new PersistentNode(Suite.a, CreateMode.EPHEMERAL, false, path, Suite.bytes("one"))) {
      node.start();
      Suite.isTrue("made", node.waitForInitialCreate(20, TimeUnit.SECONDS));
      Suite.b.sync().forPath(path);
      long first = Suite.b.checkExists().forPath(path).getCzxid();
      Suite.b.delete().forPath(path);
      Suite.until("made again", () -> {
        Stat stat = Suite.b.checkExists().forPath(path);
        return stat != null && stat.getCzxid() > first;
      });
      node.setData(Suite.bytes("two"));
      Suite.until("new data", () -> "two".equals(Suite.text(Suite.b.getData().forPath(path))));
      Suite.equal(Suite.sessionId(Suite.a), Suite.b.checkExists().forPath(path).getEphemeralOwner());
    }
    Suite.until("gone with its keeper", () -> Suite.b.checkExists().forPath(path) == null);
  }

  private static void persistentModes(String path) throws Exception {
    CreateMode[] modes = {CreateMode.EPHEMERAL_SEQUENTIAL, CreateMode.PERSISTENT_SEQUENTIAL, CreateMode.CONTAINER, CreateMode.PERSISTENT};
    for (CreateMode mode : modes) {
      try (PersistentNode node = new PersistentNode(Suite.a, mode, true, path + "/" + mode, Suite.bytes("x"))) {
        node.start();
        Suite.isTrue("made", node.waitForInitialCreate(20, TimeUnit.SECONDS));
        String actual = node.getActualPath();
        Suite.b.sync().forPath(actual);
        long first = Suite.b.checkExists().forPath(actual).getCzxid();
        Suite.b.delete().forPath(actual);
        // A sequential one comes back under the name that it had.
        Suite.until("made again: " + mode, () -> {
          String now = node.getActualPath();
          Stat stat = now == null ? null : Suite.b.checkExists().forPath(now);
          return stat != null && stat.getCzxid() > first;
        });
      }
    }
  }

  private static void persistentTtl(String path) throws Exception {
    try (PersistentTtlNode node = new PersistentTtlNode(Suite.a, path, 1_500, Suite.bytes("x"))) {
      node.start();
      Suite.isTrue("made", node.waitForInitialCreate(20, TimeUnit.SECONDS));
      Suite.until("its child is touched", () -> {
        Stat child = Suite.b.checkExists().forPath(path + "/" + PersistentTtlNode.DEFAULT_CHILD_NODE_NAME);
        return child != null && child.getVersion() >= 3;
      });
      Suite.see(path);
      Suite.equal("x", Suite.text(Suite.b.getData().forPath(path)));
    }
  }

  /** Slow: servers look for such nodes once a minute, and begin anew where one was killed. */
  static void reaped(String path) throws Exception {
    Suite.a.create().creatingParentContainersIfNeeded().forPath(path + "/container/child");
    Suite.a.create().withMode(CreateMode.CONTAINER).forPath(path + "/unused");
    Suite.a.create().withTtl(500).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path + "/ttl");
    Suite.a.create().withTtl(500).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path + "/parent");
    Suite.a.create().forPath(path + "/parent/child");
    Suite.a.create().withTtl(600_000).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path + "/later");
    Suite.a.delete().forPath(path + "/container/child");
    Suite.until("the container goes", 180, () -> Suite.b.checkExists().forPath(path + "/container") == null);
    Suite.until("the TTL znode goes", 180, () -> Suite.b.checkExists().forPath(path + "/ttl") == null);
    Suite.isTrue("a container that had no child stays", Suite.b.checkExists().forPath(path + "/unused") != null);
    Suite.isTrue("one with a child stays", Suite.b.checkExists().forPath(path + "/parent") != null);
    Suite.isTrue("one whose time has not come stays", Suite.b.checkExists().forPath(path + "/later") != null);
  }

  private static void groupMember(String path) throws Exception {
    try (GroupMember first = new GroupMember(Suite.a, path, "first", Suite.bytes("1"))) {
      try (GroupMember second = new GroupMember(Suite.b, path, "second", Suite.bytes("2"))) {
        first.start();
        second.start();
        Suite.until("two", () -> first.getCurrentMembers().size() == 2 && second.getCurrentMembers().size() == 2);
        second.setThisData(Suite.bytes("3"));
        Suite.until("new data", () -> "3".equals(Suite.text(first.getCurrentMembers().get("second"))));
      }
      Suite.until("one left", () -> first.getCurrentMembers().keySet().equals(java.util.Set.of("first")));
    }
  }
}
