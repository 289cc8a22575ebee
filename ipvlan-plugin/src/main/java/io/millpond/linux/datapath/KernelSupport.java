package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links;
import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.NetlinkSocket;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netns.Netns;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Whether the kernel can carry pods. */
public final class KernelSupport {
  private KernelSupport() {}

  /**
   * What is missing, with the remedy; empty if nothing is. A pod that does not exist is attached in
   * namespaces of its own, and detached.
   *
   * @param rehearsals how often, at least once
   * @throws NetlinkException if the kernel cannot be asked
   */
  public static Optional<String> missing(int rehearsals) throws NetlinkException {
    String release = System.getProperty("os.version", "");
    if (olderThan(release, 5, 10)) {
      return Optional.of(
          "kernel " + release + " is older than 5.10: use a node image with a newer kernel");
    }
    // An ipvlan without a master is refused with EINVAL by a kernel that knows the kind, EOPNOTSUPP
    // by one that does not.
    try (NetlinkSocket host = NetlinkSocket.open();
        Netns here = Netns.here()) {
      int errno =
          host.send(List.of(Links.createIpvlan("mpdprobe%d", 0, here.fd(), 1500)))
              .getFirst()
              .errno();
      return errno == Rt.EOPNOTSUPP
          ? Optional.of(
              "the kernel has no ipvlan (CONFIG_IPVLAN): load the module, or install the package with the extra modules")
          : Rehearsal.run(rehearsals)
              .map(
                  problem ->
                      "a pod could not be attached in a rehearsal, so none can be: " + problem);
    } catch (NetlinkException e) {
      throw e;
    } catch (IOException e) {
      return Optional.of("cannot make a network namespace to rehearse in: " + e.getMessage());
    }
  }

  static boolean olderThan(String release, int major, int minor) {
    String[] parts = release.split("[.-]", 3);
    try {
      int m = Integer.parseInt(parts[0]);
      return m < major || (m == major && parts.length > 1 && Integer.parseInt(parts[1]) < minor);
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
