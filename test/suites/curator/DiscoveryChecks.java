import java.util.HashSet;
import java.util.Set;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceProvider;
import org.apache.curator.x.discovery.ServiceType;
import org.apache.curator.x.discovery.strategies.RoundRobinStrategy;

/** Service discovery, curator-x-discovery. */
final class DiscoveryChecks {
  private DiscoveryChecks() {}

  static void add() {
    Suite.check("ServiceDiscovery: registered, found, updated, withdrawn", DiscoveryChecks::discovery);
    Suite.check("ServiceCache: follows", DiscoveryChecks::cache);
    Suite.check("ServiceProvider: round robin", DiscoveryChecks::provider);
  }

  static ServiceDiscovery<Void> discovery(CuratorFramework client, String path) throws Exception {
    ServiceDiscovery<Void> discovery =
        ServiceDiscoveryBuilder.builder(Void.class).client(client).basePath(path).build();
    discovery.start();
    return discovery;
  }

  static ServiceInstance<Void> instance(String id, int port) throws Exception {
    return ServiceInstance.<Void>builder().name("web").id(id).address("127.0.0.1").port(port)
        .serviceType(ServiceType.DYNAMIC).build();
  }

  private static void discovery(String path) throws Exception {
    try (ServiceDiscovery<Void> first = discovery(Suite.a, path); ServiceDiscovery<Void> second = discovery(Suite.b, path)) {
      first.registerService(instance("one", 1));
      Suite.until("found", () -> second.queryForInstances("web").size() == 1);
      Suite.equal("[web]", second.queryForNames().toString());
      Suite.equal(1, second.queryForInstance("web", "one").getPort());
      first.updateService(instance("one", 2));
      Suite.until("updated", () -> second.queryForInstance("web", "one").getPort() == 2);
      first.unregisterService(instance("one", 2));
      Suite.until("withdrawn", () -> second.queryForInstances("web").isEmpty());
    }
  }

  private static void cache(String path) throws Exception {
    try (ServiceDiscovery<Void> first = discovery(Suite.a, path);
        ServiceDiscovery<Void> second = discovery(Suite.b, path);
        ServiceCache<Void> cache = second.serviceCacheBuilder().name("web").build()) {
      cache.start();
      first.registerService(instance("one", 1));
      first.registerService(instance("two", 2));
      Suite.until("two", () -> cache.getInstances().size() == 2);
      first.unregisterService(instance("one", 1));
      Suite.until("one", () -> cache.getInstances().size() == 1);
    }
  }

  private static void provider(String path) throws Exception {
    try (ServiceDiscovery<Void> first = discovery(Suite.a, path);
        ServiceDiscovery<Void> second = discovery(Suite.b, path);
        ServiceProvider<Void> provider = second.serviceProviderBuilder().serviceName("web")
            .providerStrategy(new RoundRobinStrategy<>()).build()) {
      first.registerService(instance("one", 1));
      first.registerService(instance("two", 2));
      provider.start();
      Suite.until("both", () -> provider.getAllInstances().size() == 2);
      Set<String> got = new HashSet<>();
      for (int i = 0; i < 2; i++) got.add(provider.getInstance().getId());
      Suite.equal(Set.of("one", "two"), got);
    }
  }
}
