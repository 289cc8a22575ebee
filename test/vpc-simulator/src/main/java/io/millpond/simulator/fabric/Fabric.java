package io.millpond.simulator.fabric;

import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import java.util.SortedMap;

/**
 * Carries out on a network what the account decided.
 *
 * <p>Every call but {@link #counters} comes from one thread, is idempotent, and returns when its
 * effect is there. The records given are the newest; attach and detach delays have already passed.
 * A call that fails throws {@link FabricException}; the simulator logs it, shows it in its state,
 * and goes on.
 */
public interface Fabric extends AutoCloseable {
  /** Makes the instance's namespace, with loopback up. Its interfaces follow by {@link #attach}. */
  void instanceStarted(Instance instance);

  /** Removes the namespace and what is left in it. Its interfaces have been detached before. */
  void instanceTerminated(Instance instance);

  /**
   * Makes a link with the interface's MAC appear in the instance. Device index 0 is the primary
   * interface, which is configured as DHCP would.
   */
  void attach(Instance instance, NetworkInterface eni, int deviceIndex);

  /** Makes the interface's link vanish from the instance. */
  void detach(Instance instance, NetworkInterface eni);

  /**
   * The interface, attached, has other addresses or prefixes than before, or another
   * source/destination check.
   */
  void addressesChanged(NetworkInterface eni);

  /**
   * What was counted since the start: by interface id (or a fixed name for what belongs to none),
   * then by counter, such as {@code source_check_dropped}. May be called from any thread.
   */
  SortedMap<String, SortedMap<String, Long>> counters();

  /** Removes everything the fabric made. */
  @Override
  void close();
}
