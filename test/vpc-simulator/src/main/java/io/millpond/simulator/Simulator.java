package io.millpond.simulator;

import io.millpond.simulator.conditions.Conditions;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import java.net.URI;
import java.util.List;

/** A running simulator. Every method may be called by any thread. */
@SuppressWarnings("DoNotCallSuggester")
public final class Simulator implements AutoCloseable {
  private final SimulatorConfig config;

  private Simulator(SimulatorConfig config) {
    this.config = config;
  }

  /** Starts without a fabric, listening on 127.0.0.1. */
  public static Simulator start(SimulatorConfig config) {
    return new Simulator(config);
  }

  /** Where the SDK finds EC2. */
  public URI ec2Endpoint() {
    throw new UnsupportedOperationException(config.region());
  }

  /** Where an instance, known by name or id, finds its IMDS. */
  public URI imdsEndpoint(String instance) {
    throw new UnsupportedOperationException(instance + config.region());
  }

  /** Where the control API is. */
  public URI controlEndpoint() {
    throw new UnsupportedOperationException(config.region());
  }

  /** Delays, throttling, faults and the log of calls, to read and to change. */
  public Conditions conditions() {
    throw new UnsupportedOperationException(config.region());
  }

  /** Makes EC2 fail as a whole, or work again. */
  public void ec2Outage(Outage outage) {
    throw new UnsupportedOperationException(outage + config.region());
  }

  /** Makes every instance's IMDS fail as a whole, or work again. */
  public void imdsOutage(Outage outage) {
    throw new UnsupportedOperationException(outage + config.region());
  }

  /** The instance of a name or id, newest state. */
  public Instance instance(String nameOrId) {
    throw new UnsupportedOperationException(nameOrId + config.region());
  }

  /** Every interface as it is now, without any lag, in the order of creation. */
  public List<NetworkInterface> interfaces() {
    throw new UnsupportedOperationException(config.region());
  }

  /** Launches an instance with its primary interface. */
  public Instance launch(SimulatorConfig.InstanceConfig instance) {
    throw new UnsupportedOperationException(instance + config.region());
  }

  /** Terminates an instance, as TerminateInstances would. */
  public void terminate(String nameOrId) {
    throw new UnsupportedOperationException(nameOrId + config.region());
  }

  /**
   * Creates an interface and attaches it at the first free device index, as someone else with
   * access to the account might.
   *
   * @param secondaryAddresses how many addresses it gets beside its primary one
   */
  public NetworkInterface addInterface(String nameOrId, String subnetId, int secondaryAddresses) {
    throw new UnsupportedOperationException(nameOrId + subnetId + secondaryAddresses);
  }

  /** Stops listening, forgets the account, removes the fabric. */
  @Override
  public void close() {}
}
