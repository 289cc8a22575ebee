package io.millpond.pool.value;

import java.util.Locale;
import java.util.Optional;

/**
 * A port of the node that leads to a pod.
 *
 * @param hostIp the node's address on which it is; empty for every address of the node
 * @param port on the node, 1 to 65535
 * @param podPort in the pod, 1 to 65535
 */
public record HostPort(Optional<IpAddress> hostIp, Protocol protocol, int port, int podPort) {
  private static final int MAX = 65_535;

  /** Protocols with ports, and their numbers in an IP packet. */
  public enum Protocol {
    /** Transmission control protocol. */
    TCP(6),
    /** User datagram protocol. */
    UDP(17),
    /** Stream control transmission protocol. */
    SCTP(132);

    private final int number;

    Protocol(int number) {
      this.number = number;
    }

    /** The number of the protocol in an IP packet. */
    public int number() {
      return number;
    }

    /** Its name in small letters, as people write it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * @throws IllegalArgumentException if a port is out of range, or the address is not of IPv4 or
   *     stands for every one
   */
  public HostPort {
    if (port < 1 || port > MAX || podPort < 1 || podPort > MAX) {
      throw new IllegalArgumentException("a port is 1 to 65535: " + port + ", " + podPort);
    }
    if (hostIp.isPresent() && (!hostIp.get().isIpv4() || hostIp.get().low() == 0)) {
      throw new IllegalArgumentException("no IPv4 address of a node: " + hostIp.get());
    }
  }

  /** Whether the two cannot be on one node, as Kubernetes' scheduler sees it. */
  public boolean conflictsWith(HostPort other) {
    return port == other.port
        && protocol == other.protocol
        && (hostIp.isEmpty() || other.hostIp.isEmpty() || hostIp.equals(other.hostIp));
  }

  /** Whether it is on the node's loopback address, alone or with all others. */
  public boolean isOnLoopback() {
    return hostIp.isEmpty() || hostIp.get().low() >>> 24 == 127;
  }

  /** As people say it: {@code port 8080/tcp on 10.0.1.5}. */
  public String words() {
    return "port %d/%s on %s"
        .formatted(
            port, protocol, hostIp.map(IpAddress::toString).orElse("every address of the node"));
  }
}
