package io.millpond.simulator;

import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.account.Account;
import io.millpond.simulator.account.AddressRequest;
import io.millpond.simulator.account.AwsError;
import io.millpond.simulator.account.NewInstance;
import io.millpond.simulator.account.NewInterface;
import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.control.ControlEndpoint;
import io.millpond.simulator.control.Controlled;
import io.millpond.simulator.ec2.Ec2Endpoint;
import io.millpond.simulator.fabric.Fabric;
import io.millpond.simulator.fabric.FabricLayout;
import io.millpond.simulator.fabric.LinuxFabric;
import io.millpond.simulator.fabric.NoFabric;
import io.millpond.simulator.fabric.VpcNamespace;
import io.millpond.simulator.imds.ImdsEndpoint;
import io.millpond.simulator.imds.Metadata;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.Ipv4;
import io.millpond.simulator.model.NetworkInterface;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A running simulator. Every method may be called by any thread. */
public final class Simulator implements AutoCloseable, Controlled {
  /** Where instances find IMDS when there is a fabric. */
  static final String FABRIC_IMDS = "169.254.169.254";

  /** Where instances find EC2 when there is a fabric, and its port. */
  static final String FABRIC_EC2 = "169.254.169.1";

  static final int FABRIC_EC2_PORT = 8000;

  /** The port at which the namespace that started the simulator finds the control API. */
  static final int FABRIC_CONTROL_PORT = 8001;

  private final boolean withFabric;
  private final Clock clock = Clock.systemUTC();
  private final Conditions conditions;
  private final Account account;
  private final Metadata metadata;
  private final Ec2Endpoint ec2;
  private final ControlEndpoint control;

  /** By instance id; with a fabric one for all, under {@link #FABRIC_IMDS}. */
  private final Map<String, ImdsEndpoint> imds = new ConcurrentHashMap<>();

  private volatile Outage ec2Outage = Outage.NONE;
  private volatile Outage imdsOutage = Outage.NONE;

  private Simulator(SimulatorConfig config, boolean withFabric, Fabric fabric) {
    this.withFabric = withFabric;
    conditions = new Conditions(config.settings());
    conditions.throttle().replaceAll(config.throttle());
    account =
        new Account(
            config.account(),
            config.region(),
            Configured.vpc(config),
            Configured.subnets(config),
            Configured.groups(config),
            conditions,
            fabric,
            clock,
            new SecureRandom());
    metadata = new Metadata(account, conditions, clock);
    ec2 =
        new Ec2Endpoint(
            account,
            conditions,
            clock,
            withFabric
                ? new InetSocketAddress(FABRIC_EC2, FABRIC_EC2_PORT)
                : loopback(config.listen().ec2Port()));
    try {
      control =
          new ControlEndpoint(
              account,
              conditions,
              metadata,
              this,
              withFabric
                  ? new InetSocketAddress(VpcNamespace.managementAddress(), FABRIC_CONTROL_PORT)
                  : loopback(config.listen().controlPort()));
    } catch (RuntimeException e) {
      ec2.close();
      throw e;
    }
  }

  /** Starts without a fabric, listening on 127.0.0.1. */
  public static Simulator start(SimulatorConfig config) {
    return start(config, false, new NoFabric());
  }

  /**
   * Starts with the Linux fabric, listening on the addresses of AWS. Needs root, and runs in the
   * network namespace that is to be the VPC.
   */
  public static Simulator startWithFabric(SimulatorConfig config) {
    return start(
        config,
        true,
        new LinuxFabric(
            new FabricLayout(
                config.fabric().namespace(),
                Configured.vpc(config),
                Configured.subnets(config),
                config.internet(),
                config.onPremises())));
  }

  /** Starts on 127.0.0.1 over a fabric of the caller's. */
  static Simulator start(SimulatorConfig config, Fabric fabric) {
    return start(config, false, fabric);
  }

  private static Simulator start(SimulatorConfig config, boolean withFabric, Fabric fabric) {
    Simulator simulator;
    try {
      simulator = new Simulator(config, withFabric, fabric);
    } catch (RuntimeException e) {
      fabric.close();
      throw e;
    }
    try {
      if (withFabric) {
        simulator.imds.put(
            FABRIC_IMDS,
            new ImdsEndpoint(
                simulator.metadata,
                simulator.conditions,
                new InetSocketAddress(FABRIC_IMDS, 80),
                source -> simulator.instanceAt(source)));
      }
      config.instances().forEach(simulator::launch);
      config
          .hosts()
          .forEach(host -> simulator.account.instances().launch(Configured.instance(host)));
      return simulator;
    } catch (RuntimeException e) {
      simulator.close();
      throw e;
    }
  }

  /** Where the SDK finds EC2. */
  public URI ec2Endpoint() {
    return ec2.listener().uri();
  }

  /**
   * Where an instance, known by name or id, finds its IMDS.
   *
   * @throws IllegalArgumentException if there is no such instance, or it has no IMDS
   */
  public URI imdsEndpoint(String nameOrId) {
    ImdsEndpoint endpoint = imds.get(withFabric ? FABRIC_IMDS : instance(nameOrId).id());
    if (endpoint == null) {
      throw new IllegalArgumentException(nameOrId + " has no IMDS: it is a plain host");
    }
    return endpoint.listener().uri();
  }

  /** Where the control API is. */
  public URI controlEndpoint() {
    return control.listener().uri();
  }

  /** Delays, throttling, faults and the log of calls, to read and to change. */
  public Conditions conditions() {
    return conditions;
  }

  /** What IMDS says, to put texts over it. */
  public Metadata metadata() {
    return metadata;
  }

  @Override
  public synchronized void ec2Outage(Outage outage) {
    ec2.listener().outage(outage);
    ec2Outage = outage;
  }

  @Override
  public synchronized void imdsOutage(Outage outage) {
    imds.values().forEach(endpoint -> endpoint.listener().outage(outage));
    imdsOutage = outage;
  }

  @Override
  public Outage ec2Outage() {
    return ec2Outage;
  }

  @Override
  public Outage imdsOutage() {
    return imdsOutage;
  }

  @Override
  public void voidImdsTokens() {
    imds.values().forEach(ImdsEndpoint::voidTokens);
  }

  /**
   * The instance of a name or id, newest state.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Instance instance(String nameOrId) {
    return account
        .findInstance(nameOrId)
        .orElseThrow(() -> new IllegalArgumentException("no instance " + nameOrId));
  }

  /** Every interface as it is now, without any lag, in the order of creation. */
  public List<NetworkInterface> interfaces() {
    return account.listInterfaces(0);
  }

  /** What the fabric could not do, oldest first, at most 100; empty when all is well. */
  public List<String> fabricFailures() {
    return account.fabricFailures();
  }

  /** Launches an instance with its primary interface. */
  public Instance launch(InstanceConfig instance) {
    return launch(Configured.instance(instance), instance.imdsPort());
  }

  @Override
  public synchronized Instance launch(NewInstance request, int imdsPort) {
    Instance instance = account.instances().launch(request);
    if (!withFabric) {
      try {
        imds.put(instance.id(), imdsOf(instance, imdsPort));
      } catch (UncheckedIOException e) {
        account.instances().terminate(List.of(instance.id()));
        throw e;
      }
    }
    return instance;
  }

  private ImdsEndpoint imdsOf(Instance instance, int port) {
    ImdsEndpoint endpoint =
        new ImdsEndpoint(
            metadata,
            conditions,
            loopback(port),
            source ->
                account
                    .findInstance(instance.id())
                    .filter(i -> i.state() == InstanceState.RUNNING));
    endpoint.listener().outage(imdsOutage);
    return endpoint;
  }

  @Override
  public void terminate(String nameOrId) {
    account.instances().terminate(List.of(instance(nameOrId).id()));
  }

  @Override
  public void reboot(String nameOrId) {
    account.instances().reboot(instance(nameOrId).id());
  }

  @Override
  public NetworkInterface addInterface(
      String nameOrId, @Nullable String subnetId, int secondaryAddresses) {
    Instance instance = instance(nameOrId);
    NetworkInterface eni =
        account
            .interfaces()
            .create(
                new NewInterface(
                    subnetId == null ? instance.subnetId() : subnetId,
                    "made by someone else",
                    null,
                    AddressRequest.some(secondaryAddresses),
                    List.of(),
                    Collections.emptySortedMap()),
                null);
    try {
      account.attachments().attachSomewhere(eni.id(), instance.id());
    } catch (AwsError e) {
      account.interfaces().delete(eni.id());
      throw e;
    }
    return account.listInterfaces(0).stream()
        .filter(now -> now.id().equals(eni.id()))
        .findFirst()
        .orElse(eni);
  }

  @Override
  public SortedMap<String, URI> endpoints() {
    SortedMap<String, URI> endpoints = new TreeMap<>();
    endpoints.put("ec2", ec2.listener().uri());
    endpoints.put("control", control.listener().uri());
    imds.forEach((id, endpoint) -> endpoints.put("imds/" + id, endpoint.listener().uri()));
    return endpoints;
  }

  /** Stops listening, forgets the account, removes the fabric. */
  @Override
  public synchronized void close() {
    imds.values().forEach(ImdsEndpoint::close);
    ec2.close();
    control.close();
    account.close();
  }

  private Optional<Instance> instanceAt(InetAddress source) {
    return account.instanceAt(Ipv4.parse(source.getHostAddress()));
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }
}
