/*
 * ZooKeeper's own client, unmodified, doing one thing after the other for test/wire/capture/capture.ts:
 * java -cp <its class path> CaptureClient.java <relay host:port> <server host:port>. Reads names of
 * scenarios from stdin, one a line. Writes "cut" when the relay is to drop the connection, and "done"
 * behind each scenario. Exits with 1 when one fails.
 */

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

public class CaptureClient {
  private static final int TIMEOUT_MS = 10_000;
  private static final long TTL_MS = 3_600_000;
  private static final List<ACL> OPEN = ZooDefs.Ids.OPEN_ACL_UNSAFE;
  private static final List<ACL> TWO_ENTRIES = Arrays.asList(
      new ACL(ZooDefs.Perms.READ, new Id("world", "anyone")),
      new ACL(ZooDefs.Perms.ALL, new Id("ip", "127.0.0.1")));

  private interface Call {
    void run() throws Exception;
  }

  /** One handle, and the events that its watches and its connection report. */
  private static final class Client implements Watcher {
    final LinkedBlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
    ZooKeeper zk;

    @Override
    public void process(WatchedEvent event) {
      events.add(event);
    }

    void await(Event.KeeperState state) throws InterruptedException {
      for (;;) {
        WatchedEvent event = events.poll(20, TimeUnit.SECONDS);
        if (event == null) throw new IllegalStateException("not seen: " + state);
        if (event.getState() == state && event.getType() == Event.EventType.None) return;
      }
    }

    void awaitWatch() throws InterruptedException {
      WatchedEvent event = events.poll(20, TimeUnit.SECONDS);
      if (event == null || event.getType() == Event.EventType.None) {
        throw new IllegalStateException("no watch event but " + event);
      }
    }
  }

  private static String relay;
  private static String server;

  public static void main(String[] args) throws Exception {
    relay = args[0];
    server = args[1];
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String name = lines.readLine(); name != null; name = lines.readLine()) {
      try {
        scenario(name.trim());
      } catch (Throwable problem) {
        problem.printStackTrace();
        System.exit(1);
      }
      System.out.println("done");
    }
    System.exit(0);
  }

  private static Client connect(String address, int timeoutMs, boolean canBeReadOnly)
      throws Exception {
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
    Client client = new Client();
    client.zk = new ZooKeeper(address, timeoutMs, client, canBeReadOnly, config);
    client.await(Watcher.Event.KeeperState.SyncConnected);
    return client;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void refused(KeeperException.Code code, Call call) throws Exception {
    try {
      call.run();
    } catch (KeeperException problem) {
      if (problem.code() == code) return;
      throw problem;
    }
    throw new IllegalStateException("not refused with " + code);
  }

  private static void scenario(String name) throws Exception {
    String path = "/java-" + name;
    switch (name) {
      case "session-gone":
        sessionGone();
        return;
      case "sasl":
        sasl();
        return;
      case "reconfig":
        reconfig();
        return;
      case "auth-failed":
        authFailed();
        return;
      default:
        break;
    }
    boolean canBeReadOnly = name.equals("read-only");
    Client client = connect(relay, name.equals("ping") ? 4_000 : TIMEOUT_MS, canBeReadOnly);
    ZooKeeper zk = client.zk;
    switch (name) {
      case "create":
        create(zk, path);
        break;
      case "read":
        read(zk, path);
        break;
      case "write":
        write(zk, path);
        break;
      case "children":
        children(zk, path);
        break;
      case "multi":
        multi(zk, path);
        break;
      case "watches":
        watches(client, path);
        break;
      case "set-watches":
        setWatches(client, path, false);
        break;
      case "set-watches2":
        setWatches(client, path, true);
        break;
      case "auth":
        zk.addAuthInfo("digest", bytes("user:password"));
        zk.whoAmI();
        break;
      case "ping":
        Thread.sleep(2_500);
        break;
      case "read-only":
        zk.exists("/", false);
        break;
      default:
        throw new IllegalArgumentException(name);
    }
    zk.close();
  }

  private static void create(ZooKeeper zk, String path) throws Exception {
    Stat stat = new Stat();
    zk.create(path, bytes("data"), OPEN, CreateMode.PERSISTENT);
    zk.create(path + "/null", null, OPEN, CreateMode.PERSISTENT);
    zk.create(path + "/seq-", new byte[0], OPEN, CreateMode.PERSISTENT_SEQUENTIAL);
    zk.create(path + "/ephemeral", bytes("x"), TWO_ENTRIES, CreateMode.EPHEMERAL);
    zk.create(path + "/é漢", new byte[] {0, -1, -128}, OPEN, CreateMode.PERSISTENT);
    zk.create(path + "/two", bytes("2"), OPEN, CreateMode.PERSISTENT, stat);
    zk.create(path + "/two-", bytes("2"), OPEN, CreateMode.EPHEMERAL_SEQUENTIAL, stat);
    zk.create(path + "/container", bytes("c"), OPEN, CreateMode.CONTAINER);
    zk.create(path + "/ttl", bytes("t"), OPEN, CreateMode.PERSISTENT_WITH_TTL, stat, TTL_MS);
    zk.create(
        path + "/ttl-", bytes("t"), OPEN, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, stat, TTL_MS);
    refused(KeeperException.Code.NODEEXISTS, () ->
        zk.create(path, bytes("data"), OPEN, CreateMode.PERSISTENT));
    refused(KeeperException.Code.NONODE, () ->
        zk.create(path + "/no/parent", bytes(""), OPEN, CreateMode.PERSISTENT));
  }

  private static void read(ZooKeeper zk, String path) throws Exception {
    zk.exists(path, true);
    zk.create(path, bytes("some data"), OPEN, CreateMode.EPHEMERAL);
    zk.exists(path, false);
    zk.getData(path, true, new Stat());
    zk.getACL(path, new Stat());
    zk.getEphemerals();
    zk.getEphemerals(path);
    refused(KeeperException.Code.NONODE, () -> zk.getData(path + "-none", false, new Stat()));
    CountDownLatch synced = new CountDownLatch(1);
    zk.sync(path, (code, synchronizedPath, context) -> synced.countDown(), null);
    if (!synced.await(20, TimeUnit.SECONDS)) throw new IllegalStateException("no sync");
  }

  private static void write(ZooKeeper zk, String path) throws Exception {
    byte[] large = new byte[300];
    Arrays.fill(large, (byte) 'x');
    zk.create(path, bytes(""), OPEN, CreateMode.PERSISTENT);
    zk.setData(path, large, 0);
    zk.setData(path, null, -1);
    zk.getData(path, false, new Stat());
    refused(KeeperException.Code.BADVERSION, () -> zk.setData(path, bytes("y"), 0));
    zk.setACL(path, TWO_ENTRIES, 0);
    zk.getACL(path, new Stat());
    refused(KeeperException.Code.BADVERSION, () -> zk.setACL(path, OPEN, 7));
    refused(KeeperException.Code.BADVERSION, () -> zk.delete(path, 7));
    zk.delete(path, 2);
    refused(KeeperException.Code.NONODE, () -> zk.delete(path, -1));
  }

  private static void children(ZooKeeper zk, String path) throws Exception {
    zk.create(path, bytes(""), OPEN, CreateMode.PERSISTENT);
    zk.getChildren(path, true);
    zk.create(path + "/a", bytes("a"), OPEN, CreateMode.PERSISTENT);
    zk.create(path + "/漢", bytes("b"), OPEN, CreateMode.PERSISTENT);
    zk.getChildren(path, false);
    zk.getChildren(path, true, new Stat());
    zk.getChildren(path + "/a", false, new Stat());
    zk.getAllChildrenNumber(path);
    refused(KeeperException.Code.NONODE, () -> zk.getChildren(path + "-none", false));
  }

  private static void multi(ZooKeeper zk, String path) throws Exception {
    zk.multi(Arrays.asList(
        Op.create(path, bytes("x"), OPEN, CreateMode.PERSISTENT),
        Op.setData(path, bytes("y"), 0),
        Op.check(path, 1),
        Op.create(path + "/container", bytes("c"), OPEN, CreateMode.CONTAINER),
        Op.create(path + "/ttl", bytes("t"), OPEN, CreateMode.PERSISTENT_WITH_TTL, TTL_MS),
        Op.create(path + "/seq-", bytes("s"), OPEN, CreateMode.EPHEMERAL_SEQUENTIAL),
        Op.delete(path + "/ttl", -1)));
    refused(KeeperException.Code.BADVERSION, () -> zk.multi(Arrays.asList(
        Op.create(path + "/a", bytes(""), OPEN, CreateMode.PERSISTENT),
        Op.check(path, 9),
        Op.delete(path + "/b", -1))));
    zk.multi(Arrays.asList(
        Op.getData(path),
        Op.getChildren(path),
        Op.getChildren(path + "/none"),
        Op.getData(path + "/container")));
  }

  private static void watches(Client client, String path) throws Exception {
    ZooKeeper zk = client.zk;
    Client other = connect(server, TIMEOUT_MS, false);
    zk.addWatch(path, client, AddWatchMode.PERSISTENT);
    zk.addWatch(path + "/r", client, AddWatchMode.PERSISTENT_RECURSIVE);
    // Created; a child, which both watches see; a grandchild; data; deleted.
    other.zk.create(path, bytes(""), OPEN, CreateMode.PERSISTENT);
    client.awaitWatch();
    other.zk.create(path + "/r", bytes(""), OPEN, CreateMode.PERSISTENT);
    client.awaitWatch();
    client.awaitWatch();
    other.zk.create(path + "/r/é", bytes(""), OPEN, CreateMode.PERSISTENT);
    client.awaitWatch();
    other.zk.setData(path, bytes("y"), -1);
    client.awaitWatch();
    other.zk.delete(path + "/r/é", -1);
    client.awaitWatch();
    zk.removeWatches(path, client, Watcher.WatcherType.Any, false);
    zk.exists(path, client);
    zk.getChildren(path, client);
    zk.removeAllWatches(path, Watcher.WatcherType.Data, false);
    zk.removeAllWatches(path, Watcher.WatcherType.Children, false);
    other.zk.close();
  }

  private static void setWatches(Client client, String path, boolean persistent) throws Exception {
    ZooKeeper zk = client.zk;
    Client other = connect(server, TIMEOUT_MS, false);
    zk.create(path, bytes("x"), OPEN, CreateMode.PERSISTENT);
    zk.getData(path, client, new Stat());
    zk.exists(path + "/later", client);
    zk.getChildren(path, client);
    if (persistent) {
      zk.addWatch(path + "/p", client, AddWatchMode.PERSISTENT);
      zk.addWatch(path + "/é", client, AddWatchMode.PERSISTENT_RECURSIVE);
    }
    client.events.clear();
    System.out.println("cut");
    client.await(Watcher.Event.KeeperState.Disconnected);
    other.zk.setData(path, bytes("changed meanwhile"), -1);
    client.await(Watcher.Event.KeeperState.SyncConnected);
    client.awaitWatch();
    other.zk.create(path + "/later", bytes(""), OPEN, CreateMode.PERSISTENT);
    client.awaitWatch();
    client.awaitWatch();
    other.zk.close();
  }

  private static void sessionGone() throws Exception {
    Client client = new Client();
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
    client.zk = new ZooKeeper(
        relay, TIMEOUT_MS, client, 0x1234, new byte[16], false,
        new org.apache.zookeeper.client.StaticHostProvider(
            new org.apache.zookeeper.client.ConnectStringParser(relay).getServerAddresses()),
        config);
    client.await(Watcher.Event.KeeperState.Expired);
    client.zk.close();
  }

  private static void authFailed() throws Exception {
    Client client = connect(relay, TIMEOUT_MS, false);
    client.zk.addAuthInfo("nonsense", bytes("x"));
    client.await(Watcher.Event.KeeperState.AuthFailed);
    client.zk.close();
  }

  /** DIGEST-MD5 with the user of capture.ts. */
  private static void sasl() throws Exception {
    Configuration.setConfiguration(new Configuration() {
      @Override
      public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
        return new AppConfigurationEntry[] {
          new AppConfigurationEntry(
              "org.apache.zookeeper.server.auth.DigestLoginModule",
              AppConfigurationEntry.LoginModuleControlFlag.REQUIRED,
              Map.of("username", "user", "password", "secret"))
        };
      }
    });
    ZKClientConfig config = new ZKClientConfig();
    // By default a client of 3.9.5 takes no DIGEST-MD5.
    config.setProperty("zookeeper.fips-mode", "false");
    Client client = new Client();
    client.zk = new ZooKeeper(relay, TIMEOUT_MS, client, false, config);
    client.await(Watcher.Event.KeeperState.SaslAuthenticated);
    client.zk.whoAmI();
    client.zk.close();
    Configuration.setConfiguration(null);
  }

  /** On a server that allows it: an observer that is not there joins, and leaves. */
  private static void reconfig() throws Exception {
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
    Client client = new Client();
    ZooKeeperAdmin admin = new ZooKeeperAdmin(relay, TIMEOUT_MS, client, config);
    client.await(Watcher.Event.KeeperState.SyncConnected);
    String observer = "server.9=127.0.0.1:1:2:observer;127.0.0.1:3";
    admin.reconfigure(observer, null, null, -1, new Stat());
    admin.reconfigure(null, "9", null, -1, new Stat());
    admin.close();
  }
}
