import java.util.Map;
import java.util.Scanner;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Locks and barriers of Curator by command: NAME VERB on a line of the input; the same and the result on one of the
 * output. Arguments: host:port, parent path. A name has a thread of its own, because a thread owns what it acquires.
 */
public final class Locks {
  private static final Map<String, ExecutorService> THREADS = new ConcurrentHashMap<>();
  private static final Map<String, Lease> LEASES = new ConcurrentHashMap<>();

  private Locks() {}

  public static void main(String[] args) {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(args[0], 10_000, 10_000, new ExponentialBackoffRetry(50, 5));
    client.start();
    InterProcessMutex mutex = new InterProcessMutex(client, args[1] + "/line");
    InterProcessReadWriteLock both = new InterProcessReadWriteLock(client, args[1] + "/both");
    InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, args[1] + "/leases", 2);
    DistributedBarrier gate = new DistributedBarrier(client, args[1] + "/gate");
    DistributedDoubleBarrier doubled = new DistributedDoubleBarrier(client, args[1] + "/double", 2);
    Scanner input = new Scanner(System.in);
    while (input.hasNextLine()) {
      String[] words = input.nextLine().split(" ");
      String name = words[0];
      String verb = words[1];
      // The two sides of one read-write lock belong to one thread, so that a writer can become a reader.
      String thread = name.equals("read") || name.equals("write") ? "both" : name;
      THREADS
          .computeIfAbsent(thread, key -> Executors.newSingleThreadExecutor())
          .execute(
              () -> {
                Object result;
                try {
                  result =
                      switch (name) {
                        case "lock", "lock2" -> lock(mutex, verb);
                        case "read" -> lock(both.readLock(), verb);
                        case "write" -> lock(both.writeLock(), verb);
                        case "lease", "lease2" -> lease(semaphore, name, verb);
                        case "gate" -> gate(gate, verb);
                        default -> doubled(doubled, verb);
                      };
                } catch (Exception error) {
                  result = error;
                }
                System.out.println(name + " " + verb + " " + result);
              });
    }
  }

  private static boolean lock(InterProcessLock lock, String verb) throws Exception {
    switch (verb) {
      case "acquire" -> lock.acquire();
      case "try" -> {
        return lock.acquire(300, TimeUnit.MILLISECONDS);
      }
      default -> lock.release();
    }
    return true;
  }

  private static boolean lease(InterProcessSemaphoreV2 semaphore, String name, String verb) throws Exception {
    switch (verb) {
      case "acquire" -> LEASES.put(name, semaphore.acquire());
      case "try" -> {
        Lease lease = semaphore.acquire(300, TimeUnit.MILLISECONDS);
        if (lease == null) return false;
        LEASES.put(name, lease);
      }
      default -> semaphore.returnLease(LEASES.remove(name));
    }
    return true;
  }

  private static boolean gate(DistributedBarrier gate, String verb) throws Exception {
    switch (verb) {
      case "set" -> gate.setBarrier();
      case "remove" -> gate.removeBarrier();
      default -> gate.waitOnBarrier();
    }
    return true;
  }

  private static boolean doubled(DistributedDoubleBarrier doubled, String verb) throws Exception {
    if (verb.equals("enter")) doubled.enter();
    else doubled.leave();
    return true;
  }
}
