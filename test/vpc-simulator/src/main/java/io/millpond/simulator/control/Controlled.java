package io.millpond.simulator.control;

import io.millpond.simulator.account.NewInstance;
import io.millpond.simulator.conditions.Outage;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import java.net.URI;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** What the control API asks of the running simulator as a whole. */
public interface Controlled {
  /**
   * Launches an instance.
   *
   * @param imdsPort where its IMDS listens without a fabric; 0: a free port
   */
  Instance launch(NewInstance instance, int imdsPort);

  /** Terminates an instance, as TerminateInstances would. */
  void terminate(String nameOrId);

  /**
   * Reboots an instance: its network is as at the launch again, with the links of the interfaces
   * that are attached now. What runs in it is not ended. Returns when it is done.
   */
  void reboot(String nameOrId);

  /**
   * Creates an interface and attaches it at the first free device index, as someone else with
   * access to the account might.
   *
   * @param subnetId none: the instance's own
   * @param secondaryAddresses how many addresses it gets beside its primary one
   */
  NetworkInterface addInterface(String nameOrId, @Nullable String subnetId, int secondaryAddresses);

  void ec2Outage(Outage outage);

  void imdsOutage(Outage outage);

  Outage ec2Outage();

  Outage imdsOutage();

  /** Every session token of IMDS is void from now on. */
  void voidImdsTokens();

  /** Where things listen: {@code ec2}, {@code control}, {@code imds/INSTANCE-ID}. */
  SortedMap<String, URI> endpoints();
}
