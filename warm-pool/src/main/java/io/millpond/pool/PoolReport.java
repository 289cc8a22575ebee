package io.millpond.pool;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PoolName;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pool for pages: every ENI and address, ordered.
 *
 * @param verified whether EC2 has confirmed what is known
 * @param troubles failures that still hold something back
 */
public record PoolReport(
    PoolSummary summary, boolean verified, List<EniLine> enis, List<String> troubles) {

  /** An ENI; {@code device} is its place as text, or {@code missing}. */
  public record EniLine(
      EniId id, PoolName pool, String device, boolean leaving, List<AddressLine> addresses) {}

  /** An address; {@code missing}: the last EC2 answer lacked it. */
  public record AddressLine(
      IpAddress address,
      String state,
      BootTime since,
      @Nullable AttachmentKey key,
      boolean missing) {}

  static PoolReport of(PoolState state) {
    List<EniLine> enis = new ArrayList<>();
    for (PoolEni eni : state.enis().values()) {
      List<AddressLine> lines = new ArrayList<>();
      for (PoolAddress a : eni.addresses().values()) {
        AddressState s = a.state();
        lines.add(new AddressLine(a.ip(), s.label(), s.since(), s.key(), a.missing() != null));
      }
      String device = eni.device() == null ? "missing" : eni.device().toString();
      enis.add(new EniLine(eni.id(), eni.pool(), device, eni.leaving(), List.copyOf(lines)));
    }
    List<String> troubles = new ArrayList<>();
    state
        .holds()
        .forEach(
            (held, hold) ->
                troubles.add(
                    held.kind()
                        + (held.pool().isDefault() ? "" : " for pool " + held.pool())
                        + ": "
                        + hold.reason()));
    return new PoolReport(
        state.summary(), state.verified(), List.copyOf(enis), List.copyOf(troubles));
  }
}
