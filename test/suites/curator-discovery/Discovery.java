import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Comparator;
import java.util.Scanner;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceInstanceBuilder;
import org.apache.curator.x.discovery.ServiceProvider;
import org.apache.curator.x.discovery.ServiceType;
import org.apache.curator.x.discovery.UriSpec;
import org.apache.curator.x.discovery.details.JsonInstanceSerializer;

/** x-discovery of Curator, one command a line, each with one line of answer. Arguments: host:port, base path. */
public final class Discovery {
  private final ServiceDiscovery<Object> discovery;
  private ServiceInstance<Object> own;
  private ServiceProvider<Object> provider;

  private Discovery(ServiceDiscovery<Object> discovery) {
    this.discovery = discovery;
  }

  public static void main(String[] args) throws Exception {
    ExponentialBackoffRetry retry = new ExponentialBackoffRetry(50, 5);
    CuratorFramework client = CuratorFrameworkFactory.newClient(args[0], 10_000, 10_000, retry);
    client.start();
    ServiceDiscovery<Object> discovery =
        ServiceDiscoveryBuilder.builder(Object.class)
            .client(client)
            .basePath(args[1])
            // Not the default: it writes "enabled".
            .serializer(new JsonInstanceSerializer<>(Object.class, false))
            .build();
    discovery.start();
    Discovery program = new Discovery(discovery);
    Scanner input = new Scanner(System.in);
    while (input.hasNextLine()) {
      System.out.println(program.run(input.nextLine().split(" ")));
      System.out.flush();
    }
    discovery.close();
    client.close();
  }

  private static String text(ServiceInstance<Object> one) {
    return String.join(
        "|",
        one.getName(),
        one.getId(),
        one.getAddress(),
        String.valueOf(one.getPort()),
        String.valueOf(one.getSslPort()),
        String.valueOf(one.getPayload()),
        String.valueOf(one.getRegistrationTimeUTC()),
        String.valueOf(one.getServiceType()),
        one.getUriSpec() == null ? "null" : one.buildUriSpec(),
        String.valueOf(one.isEnabled()));
  }

  private static ServiceInstanceBuilder<Object> builder(String[] words) throws Exception {
    return ServiceInstance.builder()
        .name(words[1])
        .id(words[2])
        .address("10.0.0.2")
        .port(Integer.parseInt(words[3]))
        .sslPort(8443)
        .payload(words[4])
        .registrationTimeUTC(1_700_000_000_000L)
        .serviceType(ServiceType.valueOf(words[5]))
        .uriSpec(new UriSpec("{scheme}://{address}:{port}/x"));
  }

  private String run(String[] words) throws Exception {
    switch (words[0]) {
      case "register":
        own = builder(words).build();
        discovery.registerService(own);
        return "registered";
      case "update":
        own = builder(words).enabled(false).build();
        discovery.updateService(own);
        return "updated";
      case "unregister":
        discovery.unregisterService(own);
        return "unregistered";
      case "json":
        return "json " + new String(new JsonInstanceSerializer<>(Object.class).serialize(own), UTF_8);
      case "names":
        return "names " + String.join(",", new TreeSet<>(discovery.queryForNames()));
      case "instances":
        return "instances "
            + discovery.queryForInstances(words[1]).stream()
                .sorted(Comparator.comparing(ServiceInstance::getId))
                .map(Discovery::text)
                .collect(Collectors.joining(";"));
      case "provider":
        provider = discovery.serviceProviderBuilder().serviceName(words[1]).build();
        provider.start();
        return "provider";
      case "provided":
        return "provided "
            + provider.getAllInstances().stream()
                .map(ServiceInstance::getId)
                .sorted()
                .collect(Collectors.joining(","));
      default:
        throw new IllegalArgumentException(words[0]);
    }
  }
}
