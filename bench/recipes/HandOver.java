import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Curator's InterProcessMutex and LeaderLatch, handed from one session to the next: as ours.ts does with the library's.
 * Arguments: host:port, path, contenders, seconds, recipe.
 */
public final class HandOver {
  private static final List<Double> HAND_OVERS = new ArrayList<>();
  private static long releasedNs;
  private static volatile boolean measuring;
  private static volatile boolean done;

  private HandOver() {}

  private static synchronized void held() {
    long now = System.nanoTime();
    if (releasedNs != 0 && measuring) HAND_OVERS.add((now - releasedNs) / 1e6);
    releasedNs = System.nanoTime();
  }

  private static void run(CuratorFramework client, String path, boolean isLock) {
    try {
      InterProcessMutex mutex = new InterProcessMutex(client, path);
      while (!done) {
        if (isLock) {
          mutex.acquire();
          held();
          mutex.release();
        } else {
          LeaderLatch latch = new LeaderLatch(client, path);
          latch.start();
          latch.await(60, TimeUnit.SECONDS);
          held();
          latch.close();
        }
      }
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  public static void main(String[] args) throws Exception {
    boolean isLock = args[4].equals("lock");
    List<CuratorFramework> clients = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(args[2]); i++) {
      CuratorFramework client =
          CuratorFrameworkFactory.newClient(args[0], 30_000, 10_000, new ExponentialBackoffRetry(50, 5));
      client.start();
      client.blockUntilConnected();
      clients.add(client);
      threads.add(new Thread(() -> run(client, args[1], isLock)));
    }
    for (Thread thread : threads) thread.start();
    Thread.sleep(3_000);
    measuring = true;
    Thread.sleep(Long.parseLong(args[3]) * 1_000);
    measuring = false;
    done = true;
    for (Thread thread : threads) thread.join();
    for (CuratorFramework client : clients) client.close();
    System.out.println(
        "{\"handOvers\":["
            + HAND_OVERS.stream().map(String::valueOf).collect(Collectors.joining(","))
            + "]}");
  }
}
