package io.millpond.simulator.fabric;

import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.NetworkInterface;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** No network at all: the account's interfaces are records only. */
public final class NoFabric implements Fabric {
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
    return Collections.unmodifiableSortedMap(new TreeMap<>());
  }

  @Override
  public void close() {}
}
