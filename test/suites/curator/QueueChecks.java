import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.ErrorMode;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/** The queues: producers on one server, consumers on the other. */
final class QueueChecks {
  private QueueChecks() {}

  static void add() {
    Suite.check("DistributedQueue: all, in their order", QueueChecks::queue);
    Suite.check("DistributedQueue: two consumers, each item once", QueueChecks::twoConsumers);
    Suite.check("DistributedQueue: an item that failed is put back", QueueChecks::putBack);
    Suite.check("DistributedIdQueue: removed by id", QueueChecks::idQueue);
    Suite.check("DistributedPriorityQueue: by priority", QueueChecks::priorityQueue);
    Suite.check("DistributedDelayQueue: not before its time", QueueChecks::delayQueue);
    Suite.check("SimpleDistributedQueue: offer, peek, poll, take", QueueChecks::simpleQueue);
  }

  private static final QueueSerializer<String> SERIALIZER = new QueueSerializer<>() {
    @Override
    public byte[] serialize(String item) {
      return item.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String deserialize(byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  };

  private interface Take {
    void item(String item) throws Exception;
  }

  private static QueueConsumer<String> consumer(Take take) {
    return new QueueConsumer<>() {
      @Override
      public void consumeMessage(String message) throws Exception {
        take.item(message);
      }

      @Override
      public void stateChanged(CuratorFramework client, ConnectionState state) {}
    };
  }

  private static QueueBuilder<String> builder(CuratorFramework client, QueueConsumer<String> consumer, String path) {
    return QueueBuilder.builder(client, consumer, SERIALIZER, path);
  }

  private static List<String> numbers(int count) {
    List<String> items = new ArrayList<>();
    for (int i = 0; i < count; i++) items.add("item-" + i);
    return items;
  }

  private static void queue(String path) throws Exception {
    Queue<String> taken = new ConcurrentLinkedQueue<>();
    try (DistributedQueue<String> producer = builder(Suite.a, null, path).buildQueue();
        DistributedQueue<String> consumer = builder(Suite.b, consumer(taken::add), path).buildQueue()) {
      producer.start();
      for (String item : numbers(30)) producer.put(item);
      Suite.isTrue("flushed", producer.flushPuts(20, TimeUnit.SECONDS));
      consumer.start();
      Suite.until("all taken", () -> taken.size() >= 30);
    }
    Suite.equal(numbers(30), List.copyOf(taken));
  }

  private static void twoConsumers(String path) throws Exception {
    Queue<String> taken = new ConcurrentLinkedQueue<>();
    try (DistributedQueue<String> one = builder(Suite.a, consumer(taken::add), path).lockPath(path + "-locks").buildQueue();
        DistributedQueue<String> other = builder(Suite.b, consumer(taken::add), path).lockPath(path + "-locks").buildQueue()) {
      one.start();
      other.start();
      for (String item : numbers(30)) one.put(item);
      Suite.until("all taken", () -> taken.size() >= 30);
    }
    Suite.equal(numbers(30).stream().sorted().toList(), taken.stream().sorted().toList());
  }

  private static void putBack(String path) throws Exception {
    Queue<String> taken = new ConcurrentLinkedQueue<>();
    QueueConsumer<String> picky = consumer(item -> {
      taken.add(item);
      if (taken.size() == 1) throw new IllegalStateException("not now");
    });
    try (DistributedQueue<String> queue = builder(Suite.a, picky, path).lockPath(path + "-locks").buildQueue()) {
      queue.setErrorMode(ErrorMode.REQUEUE);
      queue.start();
      queue.put("again");
      Suite.until("taken twice", () -> taken.size() == 2);
    }
    Suite.equal("[again, again]", taken.toString());
  }

  private static void idQueue(String path) throws Exception {
    try (DistributedIdQueue<String> producer = builder(Suite.a, null, path).buildIdQueue();
        DistributedIdQueue<String> other = builder(Suite.b, null, path).buildIdQueue()) {
      producer.start();
      other.start();
      producer.put("one", "id-1");
      producer.put("two", "id-2");
      Suite.isTrue("flushed", producer.flushPuts(20, TimeUnit.SECONDS));
      Suite.b.sync().forPath(path);
      Suite.equal(1, other.remove("id-1"));
      Suite.equal(0, other.remove("id-1"));
      Suite.equal(1, Suite.b.getChildren().forPath(path).size());
    }
  }

  private static void priorityQueue(String path) throws Exception {
    Queue<String> taken = new ConcurrentLinkedQueue<>();
    try (DistributedPriorityQueue<String> producer = builder(Suite.a, null, path).buildPriorityQueue(0);
        DistributedPriorityQueue<String> consumer = builder(Suite.b, consumer(taken::add), path).buildPriorityQueue(0)) {
      producer.start();
      for (int priority : new int[] {5, -1, 3, 100, 0}) producer.put("item" + priority, priority);
      Suite.isTrue("flushed", producer.flushPuts(20, TimeUnit.SECONDS));
      consumer.start();
      Suite.until("all taken", () -> taken.size() >= 5);
    }
    Suite.equal("[item-1, item0, item3, item5, item100]", taken.toString());
  }

  private static void delayQueue(String path) throws Exception {
    AtomicLong taken = new AtomicLong();
    QueueConsumer<String> consumer = consumer(item -> taken.set(System.currentTimeMillis()));
    try (DistributedDelayQueue<String> queue = builder(Suite.a, consumer, path).buildDelayQueue()) {
      queue.start();
      long due = System.currentTimeMillis() + 700;
      queue.put("later", due);
      Suite.until("taken", () -> taken.get() > 0);
      Suite.isTrue("not before its time", taken.get() >= due);
    }
  }

  private static void simpleQueue(String path) throws Exception {
    SimpleDistributedQueue first = new SimpleDistributedQueue(Suite.a, path);
    SimpleDistributedQueue second = new SimpleDistributedQueue(Suite.b, path);
    Suite.isTrue("empty", first.poll() == null);
    for (String item : numbers(3)) first.offer(Suite.bytes(item));
    Suite.b.sync().forPath(path);
    Suite.equal("item-0", Suite.text(second.peek()));
    Suite.equal("item-0", Suite.text(second.take()));
    Suite.equal("item-1", Suite.text(second.poll(10, TimeUnit.SECONDS)));
    Suite.equal("item-2", Suite.text(second.remove()));
    Suite.throwsA(java.util.NoSuchElementException.class, second::element);
    List<String> taken = new ArrayList<>();
    Suite.together(List.of(
        () -> taken.add(Suite.text(second.take())),
        () -> {
          Thread.sleep(200);
          return first.offer(Suite.bytes("waited for"));
        }));
    Suite.equal(List.of("waited for"), taken);
  }
}
