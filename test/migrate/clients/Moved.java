import java.util.List;
import java.util.Scanner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.CuratorWatcher;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.data.Stat;

/**
 * Curator as it is moved between servers, with a rival that waits for its mutex and its latch. Arguments: servers, its room, the
 * timeout of its session in ms. A line of the input is the value that its watch must bring, or "release".
 */
public final class Moved {
  private static final long LATE_MS = 90_000;
  private static final AtomicInteger LOST = new AtomicInteger();

  private Moved() {}

  public static void main(String[] args) throws Exception {
    String room = args[1];
    CuratorFramework client = connect(args[0], Integer.parseInt(args[2]));
    CuratorFramework other = connect(args[0], Integer.parseInt(args[2]));
    client.create().withMode(CreateMode.EPHEMERAL).forPath(room + "/mine", new byte[0]);
    PersistentNode node =
        new PersistentNode(client, CreateMode.EPHEMERAL, false, room + "/node", new byte[0]);
    node.start();
    node.waitForInitialCreate(LATE_MS, TimeUnit.MILLISECONDS);

    List<String> fired = new CopyOnWriteArrayList<>();
    LinkedBlockingQueue<String> came = new LinkedBlockingQueue<>();
    CuratorWatcher watcher =
        new CuratorWatcher() {
          @Override
          public void process(org.apache.zookeeper.WatchedEvent event) throws Exception {
            if (event.getType() != EventType.NodeDataChanged) return;
            String value = new String(client.getData().usingWatcher(this).forPath(room + "/watched"));
            fired.add(value);
            came.add(value);
          }
        };
    fired.add(new String(client.getData().usingWatcher(watcher).forPath(room + "/watched")));

    InterProcessMutex mutex = new InterProcessMutex(client, room + "/mutex");
    mutex.acquire();
    LeaderLatch latch = new LeaderLatch(client, room + "/latch", "first");
    latch.start();
    latch.await();
    InterProcessMutex otherMutex = new InterProcessMutex(other, room + "/mutex");
    CompletableFuture<Boolean> waits =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                otherMutex.acquire();
                return true;
              } catch (Exception error) {
                throw new IllegalStateException(error);
              }
            });
    LeaderLatch otherLatch = new LeaderLatch(other, room + "/latch", "second");
    otherLatch.start();

    System.out.println("{\"what\":\"ready\"}");
    Scanner input = new Scanner(System.in);
    while (input.hasNextLine()) {
      String value = input.nextLine();
      if (value.equals("release")) {
        mutex.release();
        latch.close();
        boolean isIn = waits.get(LATE_MS, TimeUnit.MILLISECONDS);
        boolean leads = otherLatch.await(LATE_MS, TimeUnit.MILLISECONDS);
        System.out.println("{\"what\":\"released\",\"held\":" + pair("mutex", isIn, "latch", leads) + "}");
        continue;
      }
      // The initial value comes without an event.
      if (!fired.contains(value)) {
        String seen;
        do {
          seen = came.poll(LATE_MS, TimeUnit.MILLISECONDS);
          if (seen == null) throw new IllegalStateException("no " + value + " by the watch");
        } while (!seen.equals(value));
      }
      String sequence =
          client.create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath(room + "/line/n-", new byte[0]);
      Stat mine = client.checkExists().forPath(room + "/mine");
      // A lost connection makes Curator doubt its leadership until it has looked.
      boolean leads = latch.await(LATE_MS, TimeUnit.MILLISECONDS);
      System.out.println(
          "{\"what\":\"turn\",\"session\":\"" + Long.toHexString(client.getZookeeperClient().getZooKeeper().getSessionId())
              + "\",\"owner\":\"" + (mine == null ? "" : Long.toHexString(mine.getEphemeralOwner()))
              + "\",\"sequence\":\"" + sequence
              + "\",\"fired\":[\"" + String.join("\",\"", fired)
              + "\"],\"lost\":" + LOST.get()
              + ",\"held\":"
              + pair("mutex", mutex.isAcquiredInThisProcess(), "latch", leads).replace("}", ",")
              + pair("rival mutex", waits.isDone(), "rival latch", otherLatch.hasLeadership()).substring(1)
              + "}");
    }
    node.close();
    other.close();
    client.close();
    System.exit(0);
  }

  private static CuratorFramework connect(String servers, int timeoutMs) throws Exception {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(servers, timeoutMs, timeoutMs, new RetryForever(200));
    client
        .getConnectionStateListenable()
        .addListener(
            (framework, state) -> {
              if (state == ConnectionState.LOST) LOST.incrementAndGet();
            });
    client.start();
    client.blockUntilConnected();
    return client;
  }

  private static String pair(String first, boolean is, String second, boolean isToo) {
    return "{\"" + first + "\":" + is + ",\"" + second + "\":" + isToo + "}";
  }
}
