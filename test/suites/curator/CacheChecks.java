import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;

/** The caches, old and new. What the cache's client sees is written through the other server. */
@SuppressWarnings("deprecation")
final class CacheChecks {
  private CacheChecks() {}

  static void add() {
    Suite.check("NodeCache: data, deletion, creation", CacheChecks::nodeCache);
    Suite.check("PathChildrenCache: events in order", CacheChecks::pathChildrenEvents);
    Suite.check("PathChildrenCache: primed at the start, rebuilt", CacheChecks::pathChildrenStart);
    Suite.check("TreeCache: a tree as it changes", CacheChecks::treeCache);
    Suite.check("TreeCache: not deeper than asked", CacheChecks::treeDepth);
    Suite.check("CuratorCache: created, changed, deleted", CacheChecks::curatorCacheEvents);
    Suite.check("CuratorCache: one node", CacheChecks::curatorCacheSingle);
    Suite.check("CuratorCache: agrees after many changes", CacheChecks::curatorCacheMany);
    Suite.check("PersistentWatcher: recursive", CacheChecks::persistentWatcher);
  }

  private static void nodeCache(String path) throws Exception {
    try (NodeCache cache = new NodeCache(Suite.a, path)) {
      AtomicInteger changes = new AtomicInteger();
      cache.getListenable().addListener(changes::incrementAndGet);
      cache.start(true);
      Suite.isTrue("nothing there", cache.getCurrentData() == null);
      Suite.b.create().creatingParentsIfNeeded().forPath(path, Suite.bytes("one"));
      Suite.until("one", () -> is(cache.getCurrentData(), "one"));
      Suite.b.setData().forPath(path, Suite.bytes("two"));
      Suite.until("two", () -> is(cache.getCurrentData(), "two"));
      Suite.b.delete().forPath(path);
      Suite.until("gone", () -> cache.getCurrentData() == null);
      Suite.b.create().forPath(path, Suite.bytes("three"));
      Suite.until("three", () -> is(cache.getCurrentData(), "three"));
      Suite.until("told each time", () -> changes.get() == 4);
    }
  }

  private static void pathChildrenEvents(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    try (PathChildrenCache cache = new PathChildrenCache(Suite.a, path, true)) {
      cache.getListenable().addListener((client, event) -> {
        String node = event.getData() == null ? "" : " " + name(event.getData()) + "=" + Suite.text(event.getData().getData());
        events.add(event.getType() + node);
      });
      cache.start(PathChildrenCache.StartMode.POST_INITIALIZED_EVENT);
      Suite.until("initialized", () -> events.contains("INITIALIZED"));
      Suite.b.create().creatingParentsIfNeeded().forPath(path + "/x", Suite.bytes("1"));
      Suite.until("added", () -> events.contains("CHILD_ADDED x=1"));
      Suite.b.setData().forPath(path + "/x", Suite.bytes("2"));
      Suite.until("updated", () -> events.contains("CHILD_UPDATED x=2"));
      Suite.b.create().forPath(path + "/y", Suite.bytes("3"));
      Suite.until("added", () -> events.contains("CHILD_ADDED y=3"));
      Suite.b.delete().forPath(path + "/x");
      Suite.until("removed", () -> events.contains("CHILD_REMOVED x=2"));
      Suite.equal(1, cache.getCurrentData().size());
    }
    Suite.equal("[INITIALIZED, CHILD_ADDED x=1, CHILD_UPDATED x=2, CHILD_ADDED y=3, CHILD_REMOVED x=2]",
        events.stream().filter(event -> !event.startsWith("CONNECTION")).toList().toString());
  }

  private static void pathChildrenStart(String path) throws Exception {
    for (int i = 0; i < 5; i++) {
      Suite.b.create().creatingParentsIfNeeded().forPath(path + "/" + i, Suite.bytes("" + i));
    }
    Suite.a.sync().forPath(path);
    try (PathChildrenCache cache = new PathChildrenCache(Suite.a, path, true)) {
      cache.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
      Suite.equal(5, cache.getCurrentData().size());
      Suite.b.delete().forPath(path + "/0");
      Suite.a.sync().forPath(path);
      cache.rebuild();
      Suite.equal(4, cache.getCurrentData().size());
    }
  }

  private static void treeCache(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    try (TreeCache cache = new TreeCache(Suite.a, path)) {
      cache.getListenable().addListener((client, event) ->
          events.add(event.getType() + (event.getData() == null ? "" : " " + name(event.getData()))));
      Suite.b.create().creatingParentsIfNeeded().forPath(path + "/p/q/r", Suite.bytes("deep"));
      Suite.a.sync().forPath(path);
      cache.start();
      Suite.until("initialized", () -> events.contains("INITIALIZED"));
      Suite.equal(4, cache.size());
      Suite.isTrue("the deepest", is(cache.getCurrentData(path + "/p/q/r"), "deep"));
      Suite.b.setData().forPath(path + "/p/q", Suite.bytes("middle"));
      Suite.until("updated", () -> is(cache.getCurrentData(path + "/p/q"), "middle"));
      Suite.b.create().forPath(path + "/p/s", Suite.bytes("new"));
      Suite.until("added", () -> cache.getCurrentChildren(path + "/p").size() == 2);
      Suite.b.delete().deletingChildrenIfNeeded().forPath(path + "/p/q");
      Suite.until("removed", () -> cache.getCurrentChildren(path + "/p").keySet().equals(java.util.Set.of("s")));
      Suite.until("told of it", () -> events.contains("NODE_REMOVED r") && events.contains("NODE_REMOVED q"));
    }
  }

  private static void treeDepth(String path) throws Exception {
    Suite.b.create().creatingParentsIfNeeded().forPath(path + "/p/q/r");
    Suite.a.sync().forPath(path);
    try (TreeCache cache = TreeCache.newBuilder(Suite.a, path).setMaxDepth(1).build()) {
      cache.start();
      Suite.until("two levels", () -> cache.getCurrentData(path + "/p") != null);
      Suite.isTrue("no third", cache.getCurrentData(path + "/p/q") == null);
    }
  }

  private static void curatorCacheEvents(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    CountDownLatch ready = new CountDownLatch(1);
    try (CuratorCache cache = CuratorCache.build(Suite.a, path)) {
      cache.listenable().addListener(CuratorCacheListener.builder()
          .forCreates(node -> events.add("created " + show(node)))
          .forChanges((old, node) -> events.add("changed " + show(old) + " " + show(node)))
          .forDeletes(node -> events.add("deleted " + show(node)))
          .forInitialized(ready::countDown)
          .build());
      cache.start();
      Suite.isTrue("initialized", ready.await(20, TimeUnit.SECONDS));
      Suite.b.create().creatingParentsIfNeeded().forPath(path, Suite.bytes("r"));
      Suite.until("the root", () -> events.size() == 1);
      Suite.b.create().forPath(path + "/x", Suite.bytes("1"));
      Suite.until("a child", () -> events.size() == 2);
      Suite.b.setData().forPath(path + "/x", Suite.bytes("2"));
      Suite.until("its data", () -> events.size() == 3);
      Suite.b.create().forPath(path + "/x/y", Suite.bytes("3"));
      Suite.until("a grandchild", () -> events.size() == 4);
      Suite.b.delete().forPath(path + "/x/y");
      Suite.b.delete().forPath(path + "/x");
      Suite.until("both gone", () -> events.size() == 6);
      Suite.equal(1, cache.size());
    }
    String root = path.substring(path.lastIndexOf('/') + 1);
    Suite.equal("[created " + root + "=r, created x=1, changed x=1 x=2, created y=3, deleted y=3, deleted x=2]",
        events.toString());
  }

  private static void curatorCacheSingle(String path) throws Exception {
    Suite.b.create().creatingParentsIfNeeded().forPath(path + "/child");
    Suite.a.sync().forPath(path);
    try (CuratorCache cache = CuratorCache.build(Suite.a, path, CuratorCache.Options.SINGLE_NODE_CACHE)) {
      cache.start();
      Suite.until("the node", () -> cache.get(path).isPresent());
      Suite.b.setData().forPath(path, Suite.bytes("new"));
      Suite.until("its data", () -> is(cache.get(path).orElse(null), "new"));
      Suite.equal(1, cache.size());
    }
  }

  private static void curatorCacheMany(String path) throws Exception {
    // Each on a client of its own: ZooKeeper before 3.9 forgets the persistent watch of one when the
    // other sets one-time watches on the same path in the same session (ZOOKEEPER-4466).
    try (CuratorCache cache = CuratorCache.build(Suite.a, path);
        TreeCache tree = new TreeCache(Suite.b, path)) {
      cache.start();
      tree.start();
      for (int i = 0; i < 60; i++) {
        CuratorFramework client = i % 3 == 0 ? Suite.a : Suite.b;
        client.create().orSetData().creatingParentsIfNeeded().forPath(path + "/" + i % 7 + "/" + i % 11, Suite.bytes("" + i));
        if (i % 4 == 3) client.delete().quietly().deletingChildrenIfNeeded().forPath(path + "/" + (i + 3) % 7);
      }
      Suite.b.sync().forPath(path);
      Map<String, String> real = read(Suite.b, path, new TreeMap<>());
      agrees("CuratorCache", real, () -> asMap(cache.stream().toList()));
      agrees("TreeCache", real, () -> asMap(tree));
    }
  }

  /** The tree as it is, path to data. */
  static Map<String, String> read(CuratorFramework client, String path, Map<String, String> into) throws Exception {
    into.put(path, Suite.text(client.getData().forPath(path)));
    for (String child : client.getChildren().forPath(path)) read(client, path + "/" + child, into);
    return into;
  }

  static void agrees(String name, Map<String, String> real, Callable<Map<String, String>> seen) throws Exception {
    try {
      Suite.until(name + " agrees", () -> {
        try {
          return real.equals(seen.call());
        } catch (NoSuchElementException changing) {
          // TreeCache's iterator, while the cache changes below it.
          return false;
        }
      });
    } catch (AssertionError error) {
      throw new AssertionError(error.getMessage() + ": " + seen.call() + " is not " + real);
    }
  }

  static Map<String, String> asMap(TreeCache tree) {
    TreeMap<String, String> map = new TreeMap<>();
    tree.iterator().forEachRemaining(node -> map.put(node.getPath(), Suite.text(node.getData())));
    return map;
  }

  static Map<String, String> asMap(List<ChildData> nodes) {
    TreeMap<String, String> map = new TreeMap<>();
    for (ChildData node : nodes) map.put(node.getPath(), Suite.text(node.getData()));
    return map;
  }

  private static void persistentWatcher(String path) throws Exception {
    Queue<String> events = new ConcurrentLinkedQueue<>();
    try (PersistentWatcher watcher = new PersistentWatcher(Suite.a, path, true)) {
      CountDownLatch set = new CountDownLatch(1);
      watcher.getResetListenable().addListener(set::countDown);
      watcher.getListenable().addListener(event -> events.add(event.getType() + event.getPath().substring(path.length())));
      watcher.start();
      Suite.isTrue("set", set.await(20, TimeUnit.SECONDS));
      Suite.b.create().creatingParentsIfNeeded().forPath(path + "/x");
      Suite.b.setData().forPath(path + "/x", Suite.bytes("1"));
      Suite.b.setData().forPath(path + "/x", Suite.bytes("2"));
      Suite.b.delete().forPath(path + "/x");
      Suite.until("five events", () -> events.size() >= 5);
    }
    Suite.equal("[NodeCreated, NodeCreated/x, NodeDataChanged/x, NodeDataChanged/x, NodeDeleted/x]", events.toString());
  }

  private static boolean is(ChildData node, String text) {
    return node != null && text.equals(Suite.text(node.getData()));
  }

  private static String name(ChildData node) {
    return node.getPath().substring(node.getPath().lastIndexOf('/') + 1);
  }

  private static String show(ChildData node) {
    return name(node) + "=" + Suite.text(node.getData());
  }
}
