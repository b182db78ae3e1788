import java.nio.charset.StandardCharsets;
import java.util.Scanner;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.CreateMode;

/** Recipes of Curator, one command a line, each with one line of answer. Argument: host:port. */
public final class Groups {
  private final CuratorFramework client;
  private final Semaphore end = new Semaphore(0);
  private LeaderSelector selector;
  private GroupMember member;
  private SharedCount count;
  private DistributedAtomicLong sum;
  private PersistentNode node;
  private PersistentTtlNode ttlNode;
  private SimpleDistributedQueue queue;

  private Groups(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    ExponentialBackoffRetry retry = new ExponentialBackoffRetry(50, 5);
    CuratorFramework client = CuratorFrameworkFactory.newClient(args[0], 10_000, 10_000, retry);
    client.start();
    Groups groups = new Groups(client);
    Scanner input = new Scanner(System.in);
    while (input.hasNextLine()) say(groups.run(input.nextLine().split(" ")));
    client.close();
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] data) {
    return new String(data, StandardCharsets.UTF_8);
  }

  private String run(String[] words) throws Exception {
    String word = words.length > 2 ? words[2] : "";
    switch (words[0]) {
      case "select":
        selector = new LeaderSelector(client, words[1], new LeaderSelectorListenerAdapter() {
          @Override
          public void takeLeadership(CuratorFramework leader) throws Exception {
            say("leads");
            end.acquire();
          }
        });
        selector.setId("curator");
        selector.start();
        return "selected";
      case "requeue":
        return "requeued " + selector.requeue();
      case "end":
        end.release();
        return "ended";
      case "participants":
        return "participants " + selector.getParticipants().stream()
            .map(one -> one.getId() + (one.isLeader() ? "!" : "")).collect(Collectors.joining(","));
      case "join":
        member = new GroupMember(client, words[1], "curator", bytes(word));
        member.start();
        return "joined";
      case "members":
        return "members " + new TreeMap<>(member.getCurrentMembers()).entrySet().stream()
            .map(one -> one.getKey() + "=" + text(one.getValue())).collect(Collectors.joining(","));
      case "leave":
        member.close();
        return "left";
      case "count":
        count = new SharedCount(client, words[1], Integer.parseInt(word));
        count.start();
        return "count " + count.getCount();
      case "get-count":
        return "count " + count.getCount();
      case "set-count":
        count.setCount(Integer.parseInt(words[1]));
        return "count " + count.getCount();
      case "sum":
        sum = new DistributedAtomicLong(client, words[1], new ExponentialBackoffRetry(5, 20));
        return "sum " + sum.get().succeeded();
      case "add":
        for (int i = 0; i < Integer.parseInt(word); i++) {
          while (!sum.add(Long.parseLong(words[1])).succeeded()) Thread.sleep(1);
        }
        return "sum " + sum.get().postValue();
      case "node":
        node = new PersistentNode(client, CreateMode.EPHEMERAL, false, words[1], bytes(word));
        node.start();
        return "node " + node.waitForInitialCreate(20, TimeUnit.SECONDS);
      case "close-node":
        node.close();
        return "closed";
      case "ttl-node":
        ttlNode = new PersistentTtlNode(client, words[1], 4_000, bytes(word));
        ttlNode.start();
        return "node " + ttlNode.waitForInitialCreate(20, TimeUnit.SECONDS);
      case "queue":
        queue = new SimpleDistributedQueue(client, words[1]);
        return "queue";
      case "offer":
        return "offered " + queue.offer(bytes(words[1]));
      case "take":
        return "took " + text(queue.take());
      default:
        throw new IllegalArgumentException(words[0]);
    }
  }
}
