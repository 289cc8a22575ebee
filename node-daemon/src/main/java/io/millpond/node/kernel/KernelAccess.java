package io.millpond.node.kernel;

import io.millpond.linux.BootClock;
import io.millpond.linux.datapath.HostVeth;
import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.BootTime;
import java.io.IOException;
import java.util.function.Function;
import java.util.function.Supplier;

/** The way to the kernel of this node. */
@FunctionalInterface
public interface KernelAccess {
  /** The kernel that this process runs on. */
  KernelAccess LINUX =
      facts -> {
        LinuxHost host = new LinuxHost(facts);
        return new Opened(host, host.pods(), BootClock::now, key -> HostVeth.of(key).name());
      };

  /**
   * Sets the node up.
   *
   * @throws IOException if the kernel refuses
   */
  Opened open(NodeFacts facts) throws IOException;

  /**
   * A kernel.
   *
   * @param clock time since boot
   * @param linkName the host veth's name for a key
   */
  record Opened(
      HostNetwork host,
      PodNetwork pods,
      Supplier<BootTime> clock,
      Function<AttachmentKey, String> linkName) {}
}
