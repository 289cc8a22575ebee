package io.millpond.simulator.fabric;

import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import java.util.SortedMap;

/**
 * The VPC as Linux namespaces, bridges and veth pairs. Needs root; runs inside the VPC's namespace.
 */
public final class LinuxFabric implements Fabric {
  public LinuxFabric(FabricLayout layout) {
    throw new UnsupportedOperationException("no fabric yet for " + layout.namespace());
  }

  @Override
  public void instanceStarted(Instance instance) {}

  @Override
  public void instanceTerminated(Instance instance) {}

  @Override
  public void attach(Instance instance, NetworkInterface eni, int deviceIndex) {}

  @Override
  public void detach(Instance instance, NetworkInterface eni) {}

  @Override
  public void addressesChanged(NetworkInterface eni) {}

  @Override
  public SortedMap<String, SortedMap<String, Long>> counters() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
