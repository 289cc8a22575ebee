package io.millpond.linux.datapath;

import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the kernel remembers of an attachment's host ports and bandwidth limits: alternative names
 * of its host veth, {@code mpd1:<12 characters of the veth's name>:<number>:<entry>,<entry>…}.
 * Entries: {@code t8080-80+3@10.0.1.5} are the ports 8080 to 8082 of TCP ({@code u}: UDP, {@code
 * s}: SCTP) on that address of the node, which lead to 80 to 82 in the pod; {@code -80} is left out
 * where the numbers are the same, {@code +3} for one port alone, {@code @…} for every address;
 * {@code i<rate>-<burst>} and {@code e<rate>-<burst>} are the limits of what goes to the pod and of
 * what comes from it, in bits.
 *
 * <p>There are at most {@value #MAX_NAMES} names: a link that needs more than a page to be
 * described cannot be listed by software with small buffers.
 */
final class DemandRecord {
  static final int MAX_NAMES = 8;
  private static final String VERSION = "mpd1:";

  /** ALTIFNAMSIZ without the NUL. */
  private static final int NAME_LIMIT = 127;

  /** All veths' names are of one length. */
  private static final HostVeth ANY_VETH = new HostVeth(HostVeth.PREFIX + "aaaaaaaaaaaa");

  private static final Pattern PORTS =
      Pattern.compile("([tus])(\\d{1,5})(?:-(\\d{1,5}))?(?:\\+(\\d{1,5}))?(?:@([0-9.]{7,15}))?");
  private static final Pattern ANY_VERSION = Pattern.compile("mpd[0-9]+:");
  private static final Pattern LIMIT = Pattern.compile("([ie])(\\d{1,16})-(\\d{1,12})");

  private DemandRecord() {}

  /**
   * The names; none if nothing is asked for.
   *
   * @throws IllegalArgumentException if that is more than the kernel is to keep
   */
  static List<String> names(HostVeth veth, PodDemands demands) {
    List<String> names = written(veth, demands);
    excess(names, demands)
        .ifPresent(
            why -> {
              throw new IllegalArgumentException(why);
            });
    return names;
  }

  /**
   * Why these demands are more than the kernel is to keep of any attachment, with what to do; empty
   * if they are not.
   */
  static Optional<String> excess(PodDemands demands) {
    return excess(written(ANY_VETH, demands), demands);
  }

  private static Optional<String> excess(List<String> names, PodDemands demands) {
    return names.size() <= MAX_NAMES
        ? Optional.empty()
        : Optional.of(
            "its %d host ports would take %d names of its veth, and the kernel's record of a link holds %d: ask for fewer, or for ranges of ports without gaps, which take no more room than one port"
                .formatted(demands.hostPorts().size(), names.size(), MAX_NAMES));
  }

  private static List<String> written(HostVeth veth, PodDemands demands) {
    List<String> names = new ArrayList<>();
    StringBuilder name = new StringBuilder();
    for (String entry : entries(demands)) {
      if (!name.isEmpty() && name.length() + 1 + entry.length() > NAME_LIMIT) {
        names.add(name.toString());
        name.setLength(0);
      }
      name.append(name.isEmpty() ? prefix(veth) + names.size() + ":" : ",").append(entry);
    }
    if (!name.isEmpty()) {
      names.add(name.toString());
    }
    return names;
  }

  private static String prefix(HostVeth veth) {
    return VERSION + veth.name().substring(HostVeth.PREFIX.length()) + ":";
  }

  private static List<String> entries(PodDemands demands) {
    List<String> entries = new ArrayList<>();
    List<HostPort> ports = demands.hostPorts();
    for (int first = 0; first < ports.size(); ) {
      int next = first + 1;
      while (next < ports.size() && follows(ports.get(next - 1), ports.get(next))) {
        next++;
      }
      entries.add(range(ports.get(first), next - first));
      first = next;
    }
    demands.bandwidth().ingress().ifPresent(limit -> entries.add(entry('i', limit)));
    demands.bandwidth().egress().ifPresent(limit -> entries.add(entry('e', limit)));
    return entries;
  }

  private static boolean follows(HostPort port, HostPort next) {
    return next.port() == port.port() + 1
        && next.podPort() == port.podPort() + 1
        && next.protocol() == port.protocol()
        && next.hostIp().equals(port.hostIp());
  }

  private static String range(HostPort port, int count) {
    StringBuilder entry = new StringBuilder();
    entry.append(port.protocol().toString().charAt(0)).append(port.port());
    if (port.podPort() != port.port()) {
      entry.append('-').append(port.podPort());
    }
    if (count > 1) {
      entry.append('+').append(count);
    }
    port.hostIp().ifPresent(address -> entry.append('@').append(address));
    return entry.toString();
  }

  private static String entry(char direction, Bandwidth.Limit limit) {
    return "%c%d-%d".formatted(direction, limit.rate(), limit.burst());
  }

  /** Whether an alternative name of a link is part of a record of whatever version. */
  static boolean isOfAnyVersion(String name) {
    return ANY_VERSION.matcher(name).lookingAt();
  }

  /** The ports in records of any version, as far as they are written as in this one. */
  static List<HostPort> portsOfAnyVersion(List<String> names) {
    return demands(names.stream().filter(DemandRecord::isOfAnyVersion).toList()).hostPorts();
  }

  /** Whether an alternative name of a link is part of a record. */
  static boolean isRecord(String name) {
    return name.startsWith(VERSION);
  }

  /** What the names of a link say; other names, and what cannot be read, say nothing. */
  static PodDemands read(List<String> names) {
    return demands(names.stream().filter(DemandRecord::isRecord).toList());
  }

  private static PodDemands demands(List<String> names) {
    List<HostPort> ports = new ArrayList<>();
    Optional<Bandwidth.Limit> ingress = Optional.empty();
    Optional<Bandwidth.Limit> egress = Optional.empty();
    // The number stands where only it differs.
    for (String name : names.stream().sorted().toList()) {
      for (String entry : name.substring(name.lastIndexOf(':') + 1).split(",", -1)) {
        try {
          Matcher range = PORTS.matcher(entry);
          Matcher limit = LIMIT.matcher(entry);
          if (range.matches()) {
            ports.addAll(expand(range));
          } else if (limit.matches()) {
            Optional<Bandwidth.Limit> read =
                Optional.of(
                    new Bandwidth.Limit(
                        Long.parseLong(limit.group(2)), Long.parseLong(limit.group(3))));
            ingress = entry.startsWith("i") ? read : ingress;
            egress = entry.startsWith("e") ? read : egress;
          }
        } catch (IllegalArgumentException e) {
          // Nothing that was written here.
        }
      }
    }
    return new PodDemands(ports, new Bandwidth(ingress, egress));
  }

  private static List<HostPort> expand(Matcher range) {
    List<HostPort> ports = new ArrayList<>();
    int port = Integer.parseInt(range.group(2));
    int podPort = range.group(3) == null ? port : Integer.parseInt(range.group(3));
    int count = range.group(4) == null ? 1 : Integer.parseInt(range.group(4));
    HostPort.Protocol protocol =
        switch (range.group(1)) {
          case "t" -> HostPort.Protocol.TCP;
          case "u" -> HostPort.Protocol.UDP;
          default -> HostPort.Protocol.SCTP;
        };
    Optional<IpAddress> hostIp = Optional.ofNullable(range.group(5)).map(IpAddress::parse);
    for (int i = 0; i < count; i++) {
      ports.add(new HostPort(hostIp, protocol, port + i, podPort + i));
    }
    return ports;
  }
}
