import java.util.Scanner;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** A contender of Curator in one line with those of the library. Arguments: host:port, path of the mutex, path of the latch. */
public final class Contender {
  private Contender() {}

  public static void main(String[] args) throws Exception {
    Scanner input = new Scanner(System.in);
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(args[0], 10_000, 10_000, new ExponentialBackoffRetry(50, 5));
    client.start();
    InterProcessMutex mutex = new InterProcessMutex(client, args[1]);
    System.out.println("tried " + mutex.acquire(300, TimeUnit.MILLISECONDS));
    System.out.println("acquired " + mutex.acquire(60, TimeUnit.SECONDS));
    input.nextLine();
    mutex.release();
    System.out.println("released");
    LeaderLatch latch = new LeaderLatch(client, args[2], "curator");
    latch.start();
    latch.await(60, TimeUnit.SECONDS);
    System.out.println("leads " + latch.hasLeadership());
    input.nextLine();
    latch.close();
    client.close();
    System.out.println("done");
  }
}
