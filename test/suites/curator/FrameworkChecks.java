import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.CuratorWatcher;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** What the recipes are made of. */
final class FrameworkChecks {
  private FrameworkChecks() {}

  static void add() {
    Suite.check("transaction: all of it", FrameworkChecks::transaction);
    Suite.check("transaction: none of it, and why", FrameworkChecks::failedTransaction);
    Suite.check("transaction: every mode of create", FrameworkChecks::transactionModes);
    Suite.check("multi of reads", FrameworkChecks::multiRead);
    Suite.check("background operations in their order", FrameworkChecks::background);
    Suite.check("versions: setData and delete", FrameworkChecks::versions);
    Suite.check("ACL: digest, world, who may what", FrameworkChecks::acls);
    Suite.check("namespace", FrameworkChecks::namespace);
    Suite.check("watches fire once", FrameworkChecks::watches);
    Suite.check("watches removed", FrameworkChecks::removedWatches);
    Suite.check("persistent watches", FrameworkChecks::persistentWatches);
    Suite.check("ephemerals and counts", FrameworkChecks::ephemerals);
    Suite.check("guaranteed and quiet deletes, create or set", FrameworkChecks::deletes);
    Suite.check("large data, compressed data", FrameworkChecks::largeData);
  }

  private static void transaction(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path + "/old", Suite.bytes("0"));
    List<CuratorTransactionResult> results = Suite.a.transaction().forOperations(
        Suite.a.transactionOp().check().withVersion(0).forPath(path + "/old"),
        Suite.a.transactionOp().create().forPath(path + "/new", Suite.bytes("1")),
        Suite.a.transactionOp().create().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(path + "/new-"),
        Suite.a.transactionOp().setData().forPath(path + "/new", Suite.bytes("2")),
        Suite.a.transactionOp().delete().forPath(path + "/old"));
    Suite.equal(path + "/new", results.get(1).getResultPath());
    Suite.equal(path + "/new-0000000002", results.get(2).getResultPath());
    Suite.equal(1, results.get(3).getResultStat().getVersion());
    Suite.b.sync().forPath(path);
    Suite.see(path);
    Suite.equal("2", Suite.text(Suite.b.getData().forPath(path + "/new")));
    Suite.isTrue("old is gone", Suite.b.checkExists().forPath(path + "/old") == null);
    Suite.equal(Suite.b.checkExists().forPath(path + "/new").getMzxid(), Suite.b.checkExists().forPath(path).getPzxid());
  }

  private static void failedTransaction(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path, Suite.bytes("0"));
    Stat before = Suite.a.checkExists().forPath(path);
    List<CuratorOp> ops = List.of(
        Suite.a.transactionOp().create().forPath(path + "/x"),
        Suite.a.transactionOp().delete().withVersion(7).forPath(path),
        Suite.a.transactionOp().create().forPath(path + "/y"));
    try {
      Suite.a.transaction().forOperations(ops);
      throw new AssertionError("no error");
    } catch (KeeperException.BadVersionException error) {
      List<Integer> codes = error.getResults().stream()
          .map(result -> result instanceof OpResult.ErrorResult failed ? failed.getErr() : 1).toList();
      Suite.equal(List.of(0, -103, -2), codes);
    }
    Suite.equal(before, Suite.a.checkExists().forPath(path));
    Suite.throwsA(KeeperException.NoNodeException.class,
        () -> Suite.a.transaction().forOperations(Suite.a.transactionOp().check().forPath(path + "/none")));
  }

  private static void transactionModes(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path);
    Suite.a.transaction().forOperations(
        Suite.a.transactionOp().create().withMode(CreateMode.CONTAINER).forPath(path + "/c"),
        Suite.a.transactionOp().create().withTtl(600_000).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path + "/t"),
        Suite.a.transactionOp().create().withTtl(600_000).withMode(CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL).forPath(path + "/s-"),
        Suite.a.transactionOp().create().withMode(CreateMode.EPHEMERAL).forPath(path + "/e"));
    Suite.b.sync().forPath(path);
    Suite.see(path);
    Suite.equal(List.of("c", "e", "s-0000000002", "t"), Suite.b.getChildren().forPath(path).stream().sorted().toList());
    Suite.equal(Suite.sessionId(Suite.a), Suite.b.checkExists().forPath(path + "/e").getEphemeralOwner());
  }

  private static void multiRead(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path + "/x", Suite.bytes("1"));
    ZooKeeper zookeeper = Suite.a.getZookeeperClient().getZooKeeper();
    List<OpResult> results = zookeeper.multi(
        List.of(Op.getData(path + "/x"), Op.getChildren(path), Op.getData(path + "/none")));
    Suite.equal("1", Suite.text(((OpResult.GetDataResult) results.get(0)).getData()));
    Suite.equal(List.of("x"), ((OpResult.GetChildrenResult) results.get(1)).getChildren());
    Suite.equal(-101, ((OpResult.ErrorResult) results.get(2)).getErr());
  }

  private static void background(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    Suite.a.create().creatingParentsIfNeeded().forPath(path);
    for (int i = 0; i < 30; i++) {
      Suite.a.create().withMode(CreateMode.PERSISTENT_SEQUENTIAL)
          .inBackground((client, event) -> events.add(event.getResultCode() + event.getName())).forPath(path + "/");
    }
    Suite.a.getChildren().inBackground((client, event) -> events.add("children " + event.getChildren().size())).forPath(path);
    Suite.a.delete().inBackground((client, event) -> events.add("delete " + event.getResultCode())).forPath(path);
    Suite.a.sync().inBackground((client, event) -> events.add("sync " + event.getResultCode())).forPath(path);
    Suite.until("33 events", () -> events.size() == 33);
    for (int i = 0; i < 30; i++) Suite.equal("0" + path + "/" + String.format("%010d", i), events.remove());
    Suite.equal("[children 30, delete -111, sync 0]", events.toString());
  }

  private static void versions(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path, Suite.bytes("0"));
    Suite.equal(1, Suite.a.setData().withVersion(0).forPath(path, Suite.bytes("1")).getVersion());
    Suite.b.sync().forPath(path);
    Suite.throwsA(KeeperException.BadVersionException.class, () -> Suite.b.setData().withVersion(0).forPath(path));
    Suite.throwsA(KeeperException.BadVersionException.class, () -> Suite.b.delete().withVersion(0).forPath(path));
    Suite.b.delete().withVersion(1).forPath(path);
    Suite.throwsA(KeeperException.NoNodeException.class, () -> Suite.b.delete().forPath(path));
    Suite.see(path);
    Suite.throwsA(KeeperException.NoNodeException.class, () -> Suite.b.getData().forPath(path));
  }

  private static void acls(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path);
    String hosts = Suite.servers.get(1);
    try (CuratorFramework owner = Suite.started(Suite.builder(hosts).authorization("digest", Suite.bytes("owner:secret")));
        CuratorFramework wrong = Suite.started(Suite.builder(hosts).authorization("digest", Suite.bytes("owner:guess")))) {
      owner.create().withACL(ZooDefs.Ids.CREATOR_ALL_ACL).forPath(path + "/own", Suite.bytes("mine"));
      owner.create().withACL(ZooDefs.Ids.READ_ACL_UNSAFE).forPath(path + "/read", Suite.bytes("all"));
      Suite.equal("mine", Suite.text(owner.getData().forPath(path + "/own")));
      Suite.equal("all", Suite.text(wrong.getData().forPath(path + "/read")));
      Suite.throwsA(KeeperException.NoAuthException.class, () -> wrong.getData().forPath(path + "/own"));
      Suite.throwsA(KeeperException.NoAuthException.class, () -> wrong.setData().forPath(path + "/own"));
      Suite.throwsA(KeeperException.NoAuthException.class, () -> wrong.create().forPath(path + "/own/child"));
      Suite.throwsA(KeeperException.NoAuthException.class, () -> wrong.setData().forPath(path + "/read"));
      Suite.throwsA(KeeperException.NoAuthException.class,
          () -> wrong.setACL().withACL(ZooDefs.Ids.OPEN_ACL_UNSAFE).forPath(path + "/own"));
      Suite.equal("digest", owner.getACL().forPath(path + "/own").get(0).getId().getScheme());
      Suite.equal(1, owner.setACL().withVersion(0).withACL(ZooDefs.Ids.OPEN_ACL_UNSAFE).forPath(path + "/own").getAversion());
      Suite.equal("mine", Suite.text(wrong.getData().forPath(path + "/own")));
      Suite.throwsA(KeeperException.InvalidACLException.class,
          () -> Suite.a.create().withACL(ZooDefs.Ids.CREATOR_ALL_ACL).forPath(path + "/nobody"));
    }
  }

  private static void namespace(String path) throws Exception {
    CuratorFramework inside = Suite.a.usingNamespace(path.substring(1));
    inside.create().creatingParentsIfNeeded().forPath("/x/y", Suite.bytes("1"));
    Suite.b.sync().forPath(path);
    Suite.see(path);
    Suite.equal("1", Suite.text(Suite.b.getData().forPath(path + "/x/y")));
    Suite.equal(List.of("y"), inside.getChildren().forPath("/x"));
  }

  private static void watches(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    CuratorWatcher watcher = event -> events.add(event.getType() + event.getPath().substring(path.length()));
    Suite.a.create().creatingParentsIfNeeded().forPath(path);
    Suite.a.checkExists().usingWatcher(watcher).forPath(path + "/x");
    Suite.b.create().forPath(path + "/x");
    Suite.until("created", () -> events.contains("NodeCreated/x"));
    Suite.a.getData().usingWatcher(watcher).forPath(path + "/x");
    Suite.b.setData().forPath(path + "/x", Suite.bytes("1"));
    Suite.until("changed", () -> events.contains("NodeDataChanged/x"));
    Suite.b.setData().forPath(path + "/x", Suite.bytes("2"));
    Suite.a.getChildren().usingWatcher(watcher).forPath(path);
    Suite.b.create().forPath(path + "/y");
    Suite.until("children", () -> events.contains("NodeChildrenChanged"));
    Suite.b.delete().forPath(path + "/y");
    Suite.a.getData().usingWatcher(watcher).forPath(path + "/x");
    Suite.b.delete().forPath(path + "/x");
    Suite.until("deleted", () -> events.contains("NodeDeleted/x"));
    Suite.a.sync().forPath(path);
    Suite.equal("[NodeCreated/x, NodeDataChanged/x, NodeChildrenChanged, NodeDeleted/x]", events.toString());
  }

  private static void removedWatches(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    Suite.a.create().creatingParentsIfNeeded().forPath(path);
    CuratorWatcher watcher = event -> events.add("" + event.getType());
    Suite.a.getData().usingWatcher(watcher).forPath(path);
    Suite.a.watchers().remove(watcher).forPath(path);
    Suite.until("told of it", () -> events.contains("DataWatchRemoved"));
    Suite.b.setData().forPath(path, Suite.bytes("1"));
    Suite.a.sync().forPath(path);
    Suite.equal("[DataWatchRemoved]", events.toString());
    Suite.throwsA(KeeperException.NoWatcherException.class, () -> Suite.a.watchers().remove(watcher).forPath(path));
  }

  private static void persistentWatches(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    Suite.a.create().creatingParentsIfNeeded().forPath(path + "/x");
    CuratorWatcher watcher = event -> events.add(event.getType() + event.getPath().substring(path.length()));
    Suite.a.watchers().add().withMode(AddWatchMode.PERSISTENT).usingWatcher(watcher).forPath(path);
    Suite.b.setData().forPath(path, Suite.bytes("1"));
    Suite.b.setData().forPath(path, Suite.bytes("2"));
    Suite.b.create().forPath(path + "/y");
    Suite.b.setData().forPath(path + "/y", Suite.bytes("not seen"));
    Suite.b.delete().forPath(path + "/y");
    Suite.until("four events", () -> events.size() == 4);
    Suite.a.watchers().remove(watcher).forPath(path);
    Suite.until("told of the end", () -> events.contains("PersistentWatchRemoved"));
    Suite.b.setData().forPath(path, Suite.bytes("3"));
    Suite.a.sync().forPath(path);
    Suite.equal("[NodeDataChanged, NodeDataChanged, NodeChildrenChanged, NodeChildrenChanged, PersistentWatchRemoved]",
        events.toString());
  }

  private static void ephemerals(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path + "/x");
    try (CuratorFramework client = Suite.client(Suite.servers.get(0))) {
      client.create().withMode(CreateMode.EPHEMERAL).forPath(path + "/x/one");
      client.create().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(path + "/x/two-");
      ZooKeeper zookeeper = client.getZookeeperClient().getZooKeeper();
      Suite.equal(List.of(path + "/x/one", path + "/x/two-0000000001"),
          zookeeper.getEphemerals().stream().sorted().toList());
      Suite.equal(3, zookeeper.getAllChildrenNumber(path));
      Suite.equal(List.of(), zookeeper.getEphemerals(path + "/y"));
    }
    Suite.until("gone with their session", () -> Suite.b.getChildren().forPath(path + "/x").isEmpty());
  }

  private static void deletes(String path) throws Exception {
    Suite.a.create().creatingParentsIfNeeded().forPath(path + "/x/y/z");
    Suite.throwsA(KeeperException.NotEmptyException.class, () -> Suite.a.delete().forPath(path + "/x"));
    Suite.a.delete().guaranteed().deletingChildrenIfNeeded().forPath(path + "/x");
    Suite.a.delete().quietly().forPath(path + "/x");
    Suite.a.create().orSetData().forPath(path + "/w", Suite.bytes("1"));
    Suite.a.create().orSetData().forPath(path + "/w", Suite.bytes("2"));
    Suite.see(path);
    Suite.equal("2", Suite.text(Suite.a.getData().forPath(path + "/w")));
    Suite.equal(1, Suite.a.checkExists().forPath(path + "/w").getVersion());
  }

  private static void largeData(String path) throws Exception {
    byte[] data = new byte[1_000_000];
    for (int i = 0; i < data.length; i++) data[i] = (byte) (i * 31);
    Suite.a.create().creatingParentsIfNeeded().forPath(path, data);
    Suite.b.sync().forPath(path);
    Suite.see(path);
    Suite.isTrue("the same bytes", java.util.Arrays.equals(data, Suite.b.getData().forPath(path)));
    CountDownLatch changed = new CountDownLatch(1);
    Suite.b.checkExists().usingWatcher((CuratorWatcher) event -> changed.countDown()).forPath(path);
    Suite.a.setData().compressed().forPath(path, new byte[2_000_000]);
    Suite.isTrue("told of it", changed.await(20, TimeUnit.SECONDS));
    Suite.equal(2_000_000, Suite.b.getData().decompressed().forPath(path).length);
  }
}
