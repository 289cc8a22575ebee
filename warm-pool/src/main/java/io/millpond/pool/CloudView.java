package io.millpond.pool;

import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.List;
import java.util.Set;

/**
 * One answer to "what does this instance have".
 *
 * @param verified true if EC2 said so; false for IMDS, a hint that may lag
 * @param enis the ENIs that are ours to use, with a link that is up
 * @param foreign places taken by ENIs that are not ours to use, or not usable yet
 */
public record CloudView(boolean verified, List<Eni> enis, Set<DeviceIndex> foreign) {
  public CloudView {
    enis = List.copyOf(enis);
    foreign = Set.copyOf(foreign);
  }

  /** An ENI in the answer, with its secondary addresses and without its own. */
  public record Eni(EniId id, DeviceIndex device, PoolName pool, Set<IpAddress> addresses) {
    public Eni {
      addresses = Set.copyOf(addresses);
    }

    /** One of the default pool. */
    public Eni(EniId id, DeviceIndex device, Set<IpAddress> addresses) {
      this(id, device, PoolName.DEFAULT, addresses);
    }
  }
}
