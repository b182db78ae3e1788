import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.HostProvider;

/**
 * Curator's recipes against the servers given: one line of JSON for each check.
 *
 * Arguments: host:port,host:port of two servers; host:port of the line protocol that kills and starts
 * them; optionally, for work on one check, a regular expression that its name contains. Two clients, a and b, are on one server each, so that every check crosses from one server to
 * the other.
 */
public final class Suite {
  static final int SESSION_TIMEOUT_MS = 10_000;
  private static final int PARALLEL = 6;
  private static final long CHECK_SECONDS_MAX = 200;

  interface Check {
    void run(String path) throws Exception;
  }

  private record Named(String name, Check check) {}

  static List<String> servers;
  static CuratorFramework a;
  static CuratorFramework b;
  private static String control;
  private static final List<Named> checks = new ArrayList<>();
  private static final List<Named> serialChecks = new ArrayList<>();

  private Suite() {}

  public static void main(String[] args) throws Exception {
    servers = List.of(args[0].split(","));
    control = args[1];
    a = client(servers.get(0));
    b = client(servers.get(1));
    LockChecks.add();
    CounterChecks.add();
    LeaderChecks.add();
    CacheChecks.add();
    NodeChecks.add();
    FrameworkChecks.add();
    QueueChecks.add();
    DiscoveryChecks.add();
    FailureChecks.add();
    if (args.length > 2) {
      Pattern only = Pattern.compile(args[2]);
      checks.removeIf(check -> !only.matcher(check.name).find());
      serialChecks.removeIf(check -> !only.matcher(check.name).find());
    }
    ExecutorService pool = Executors.newFixedThreadPool(PARALLEL);
    // The slow one goes alongside all the others.
    ExecutorService slow = Executors.newSingleThreadExecutor();
    Future<?> reaped = slow.submit(() -> run(new Named("containers and TTL znodes are reaped", NodeChecks::reaped)));
    List<Callable<Object>> tasks = new ArrayList<>();
    for (Named check : checks) tasks.add(Executors.callable(() -> run(check)));
    pool.invokeAll(tasks);
    for (Named check : serialChecks) run(check);
    reaped.get();
    System.out.flush();
    // Threads of clients that a failed check has left open must not keep the program.
    System.exit(0);
  }

  /** May run beside others. */
  static void check(String name, Check check) {
    checks.add(new Named(name, check));
  }

  /** Runs alone, after all of those. */
  static void checkAlone(String name, Check check) {
    serialChecks.add(new Named(name, check));
  }

  private static void run(Named named) {
    long start = System.nanoTime();
    String path = "/curator/" + named.name.replaceAll("[^A-Za-z0-9]+", "-");
    String problem = null;
    ExecutorService thread = Executors.newSingleThreadExecutor();
    Future<?> future = thread.submit((Callable<Object>) () -> {
      named.check.run(path);
      return null;
    });
    try {
      future.get(CHECK_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException error) {
      problem = describe(error.getCause());
    } catch (Exception error) {
      problem = describe(error);
    } finally {
      thread.shutdownNow();
    }
    long ms = (System.nanoTime() - start) / 1_000_000;
    System.out.println("{\"name\":" + quote(named.name) + ",\"ok\":" + (problem == null) + ",\"ms\":" + ms
        + ",\"detail\":" + quote(problem == null ? "" : problem) + "}");
  }

  private static String describe(Throwable error) {
    StringBuilder text = new StringBuilder(error.toString());
    for (StackTraceElement frame : error.getStackTrace()) {
      if (frame.getClassName().endsWith("Checks")) text.append(" at ").append(frame.getFileName()).append(':').append(frame.getLineNumber());
    }
    return text.toString();
  }

  private static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ') out.append(' ');
      else out.append(c);
    }
    return out.append('"').toString();
  }

  // What the checks use.

  static CuratorFramework client(String hosts) throws Exception {
    return started(builder(hosts));
  }

  static CuratorFrameworkFactory.Builder builder(String hosts) {
    return CuratorFrameworkFactory.builder()
        .connectString(hosts)
        .sessionTimeoutMs(SESSION_TIMEOUT_MS)
        .connectionTimeoutMs(SESSION_TIMEOUT_MS)
        .retryPolicy(new ExponentialBackoffRetry(200, 8))
        .zookeeperFactory(new InOrderFactory());
  }

  static CuratorFramework started(CuratorFrameworkFactory.Builder builder) throws Exception {
    CuratorFramework client = builder.build();
    client.start();
    if (!client.blockUntilConnected(30, TimeUnit.SECONDS)) throw new AssertionError("not connected");
    return client;
  }

  /** Prefers the first of the two, and goes to the other when it is killed. */
  static CuratorFramework bothClient() throws Exception {
    return client(servers.get(0) + "," + servers.get(1));
  }

  static void kill(int server) throws Exception {
    order("kill " + server);
  }

  static void start(int server) throws Exception {
    order("start " + server);
  }

  private static void order(String line) throws Exception {
    String[] address = control.split(":");
    try (Socket socket = new Socket(address[0], Integer.parseInt(address[1]))) {
      socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
      String answer = new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine();
      if (!"ok".equals(answer)) throw new AssertionError(line + ": " + answer);
    }
  }

  /** As if the client had been silent for long: another connection takes the session over and closes it. */
  static void loseSession(CuratorFramework client) throws Exception {
    ZooKeeper zookeeper = client.getZookeeperClient().getZooKeeper();
    ZooKeeper twin = new ZooKeeper(servers.get(1), SESSION_TIMEOUT_MS, event -> {},
        zookeeper.getSessionId(), zookeeper.getSessionPasswd());
    try {
      until("the twin is connected", () -> twin.getState().isConnected());
    } finally {
      twin.close();
    }
  }

  static long sessionId(CuratorFramework client) throws Exception {
    return client.getZookeeperClient().getZooKeeper().getSessionId();
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] data) {
    return data == null ? null : new String(data, StandardCharsets.UTF_8);
  }

  static void equal(Object expected, Object actual) {
    if (!java.util.Objects.equals(expected, actual)) {
      throw new AssertionError("expected " + expected + ", not " + actual);
    }
  }

  /** What follows sees what either client has written: in an ensemble the two may have different servers. */
  static void see(String path) throws Exception {
    a.sync().forPath(path);
    b.sync().forPath(path);
  }

  static void isTrue(String what, boolean value) {
    if (!value) throw new AssertionError("not so: " + what);
  }

  static void until(String what, Callable<Boolean> isSo) throws Exception {
    until(what, 30, isSo);
  }

  static void until(String what, int seconds, Callable<Boolean> isSo) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!isSo.call()) {
      if (System.nanoTime() > end) throw new AssertionError("not so after " + seconds + " s: " + what);
      Thread.sleep(20);
    }
  }

  static void throwsA(Class<? extends Exception> kind, Callable<?> call) throws Exception {
    try {
      call.call();
    } catch (Exception error) {
      if (kind.isInstance(error)) return;
      throw error;
    }
    throw new AssertionError("no " + kind.getSimpleName());
  }

  /** Runs all at once in threads of their own and passes on the first error. */
  static void together(List<Callable<Object>> tasks) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(tasks.size());
    try {
      for (Future<?> future : pool.invokeAll(tasks, 100, TimeUnit.SECONDS)) future.get();
    } finally {
      pool.shutdownNow();
    }
  }

  /** ZooKeeper's own provider shuffles the hosts. */
  private static final class InOrderFactory implements ZookeeperFactory {
    @Override
    public ZooKeeper newZooKeeper(String hosts, int timeoutMs, Watcher watcher, boolean readOnly)
        throws Exception {
      return new ZooKeeper(hosts, timeoutMs, watcher, readOnly, new InOrder(hosts));
    }
  }

  private static final class InOrder implements HostProvider {
    private final List<InetSocketAddress> addresses = new ArrayList<>();
    private int current = -1;
    private int sinceConnected = 0;

    InOrder(String hosts) {
      for (String host : hosts.split("/")[0].split(",")) {
        String[] parts = host.split(":");
        addresses.add(new InetSocketAddress(parts[0], Integer.parseInt(parts[1])));
      }
    }

    @Override
    public synchronized int size() {
      return addresses.size();
    }

    @Override
    public synchronized InetSocketAddress next(long spinDelayMs) {
      sinceConnected++;
      if (spinDelayMs > 0 && sinceConnected > addresses.size()) {
        try {
          Thread.sleep(spinDelayMs);
        } catch (InterruptedException error) {
          Thread.currentThread().interrupt();
        }
      }
      current = (current + 1) % addresses.size();
      return addresses.get(current);
    }

    @Override
    public synchronized void onConnected() {
      sinceConnected = 0;
    }

    @Override
    public boolean updateServerList(Collection<InetSocketAddress> servers, InetSocketAddress current) {
      return false;
    }
  }
}
