package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.pool.value.Bandwidth;
import io.millpond.pool.value.HostPort;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.PodDemands;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code runtimeConfig.portMappings} and {@code runtimeConfig.bandwidth} where the network's
 * configuration declares the capability; a plugin that was not asked to does not act (rule 109).
 */
final class DemandsParser {
  static final String PORTS = "portMappings";
  static final String BANDWIDTH = "bandwidth";
  private static final int MAX_MAPPINGS = 512;

  /**
   * containerd and CRI-O know no burst and send this number of bits, or eight times as many. Nobody
   * wants ten minutes at any speed.
   */
  private static final long NO_BURST = 0xFFFF_FFFFL;

  private final JsonNode document;
  private final CniVersion version;

  DemandsParser(JsonNode document, CniVersion version) {
    this.document = document;
    this.version = version;
  }

  /**
   * What the pod asks for and the configuration lets it.
   *
   * @throws CniException also if the capabilities are not well formed, whether or not the runtime
   *     sent anything for them: a configuration is wrong before the first pod that uses it
   */
  PodDemands demands() throws CniException {
    checkCapabilities();
    return new PodDemands(hostPorts(), bandwidth());
  }

  /** As libcni reads them: an object of booleans, where null is none. */
  private void checkCapabilities() throws CniException {
    JsonNode capabilities = Json.get(document, "capabilities");
    if (capabilities == null) {
      return;
    }
    if (!capabilities.isObject()) {
      throw CniException.unsupported(
          version, "capabilities", capabilities, "an object such as {\"portMappings\": true}");
    }
    for (Map.Entry<String, JsonNode> one : capabilities.properties()) {
      if (!one.getValue().isBoolean() && !one.getValue().isNull()) {
        throw CniException.of(
            version,
            CniError.UNSUPPORTED_FIELD,
            "invalid capabilities in the network configuration: "
                + Shown.of(one.getKey())
                + " is "
                + Shown.of(one.getValue().toString()),
            "capabilities takes true or false for each");
      }
    }
  }

  /**
   * Whether a plugin's entry declares the capability, as libcni takes it: it hands the capability's
   * arguments on where this is true.
   */
  static boolean declares(JsonNode entry, String capability) {
    JsonNode capabilities = Json.get(entry, "capabilities");
    JsonNode declared = capabilities == null ? null : Json.get(capabilities, capability);
    return declared != null && declared.booleanValue();
  }

  private @Nullable JsonNode asked(String capability) {
    JsonNode runtime = Json.get(document, "runtimeConfig");
    return runtime == null || !declares(document, capability)
        ? null
        : Json.get(runtime, capability);
  }

  private List<HostPort> hostPorts() throws CniException {
    JsonNode mappings = asked(PORTS);
    List<HostPort> ports = new ArrayList<>();
    if (mappings == null) {
      return ports;
    }
    if (!mappings.isArray() || mappings.size() > MAX_MAPPINGS) {
      throw refused(PORTS, mappings, "a list of at most " + MAX_MAPPINGS + " mappings");
    }
    for (JsonNode mapping : mappings) {
      Optional<HostPort> port = hostPort(mapping);
      if (port.isPresent() && !ports.contains(port.get())) {
        for (HostPort other : ports) {
          if (other.hostIp().equals(port.get().hostIp()) && other.conflictsWith(port.get())) {
            throw refused(PORTS, mapping, "each host port once: it leads to two ports of the pod");
          }
        }
        ports.add(port.get());
      }
    }
    return ports;
  }

  /** Empty without a host port: the mapping then only says which ports the pod has. */
  private Optional<HostPort> hostPort(JsonNode mapping) throws CniException {
    if (!mapping.isObject()) {
      throw refused(PORTS, mapping, "objects with hostPort, containerPort, protocol and hostIP");
    }
    int port = port(mapping, "hostPort", 0);
    if (port == 0) {
      return Optional.empty();
    }
    int podPort = port(mapping, "containerPort", 1);
    return Optional.of(new HostPort(hostIp(mapping), protocol(mapping), port, podPort));
  }

  private int port(JsonNode mapping, String key, int least) throws CniException {
    JsonNode port = Json.get(mapping, key);
    if (port == null && least == 0) {
      return 0;
    }
    if (port == null || !port.isInt() || port.intValue() < least || port.intValue() > 65_535) {
      throw refused(PORTS + "." + key, mapping, "a number from " + least + " to 65535");
    }
    return port.intValue();
  }

  private HostPort.Protocol protocol(JsonNode mapping) throws CniException {
    JsonNode name = Json.get(mapping, "protocol");
    if (name == null || (name.isTextual() && name.textValue().isEmpty())) {
      return HostPort.Protocol.TCP;
    }
    for (HostPort.Protocol protocol : HostPort.Protocol.values()) {
      if (name.isTextual()
          && protocol.toString().equals(name.textValue().toLowerCase(Locale.ROOT))) {
        return protocol;
      }
    }
    throw refused(PORTS + ".protocol", mapping, "tcp, udp or sctp");
  }

  /**
   * Every address of IPv6 includes every one of IPv4 where there is no other, as a socket's does; a
   * particular one would never be reached.
   */
  private Optional<IpAddress> hostIp(JsonNode mapping) throws CniException {
    JsonNode text = Json.get(mapping, "hostIP");
    if (text == null || (text.isTextual() && text.textValue().isEmpty())) {
      return Optional.empty();
    }
    try {
      if (text.isTextual()) {
        IpAddress address = IpAddress.parse(text.textValue());
        boolean every = address.high() == 0 && address.low() == 0;
        if (every || address.isIpv4()) {
          return every ? Optional.empty() : Optional.of(address);
        }
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw refused(
        PORTS + ".hostIP", mapping, "an IPv4 address of the node; millpond's pods have no IPv6");
  }

  private Bandwidth bandwidth() throws CniException {
    JsonNode bandwidth = asked(BANDWIDTH);
    if (bandwidth == null) {
      return Bandwidth.UNLIMITED;
    }
    if (!bandwidth.isObject()) {
      throw refused(BANDWIDTH, bandwidth, "an object with ingressRate and egressRate");
    }
    return new Bandwidth(limit(bandwidth, "ingress"), limit(bandwidth, "egress"));
  }

  private Optional<Bandwidth.Limit> limit(JsonNode bandwidth, String direction)
      throws CniException {
    long rate = number(bandwidth, direction + "Rate", Bandwidth.Limit.MAX_RATE);
    long burst = number(bandwidth, direction + "Burst", Long.MAX_VALUE);
    if (rate == 0) {
      return Optional.empty();
    }
    if (rate < Bandwidth.Limit.MIN_RATE) {
      throw refused(
          BANDWIDTH + "." + direction + "Rate",
          bandwidth,
          "at least " + Bandwidth.Limit.MIN_RATE + " bits a second, or 0 for no limit");
    }
    return Optional.of(
        burst == 0 || burst >= NO_BURST
            ? Bandwidth.Limit.withUsualBurst(rate)
            : new Bandwidth.Limit(rate, burst));
  }

  private long number(JsonNode bandwidth, String key, long most) throws CniException {
    JsonNode value = Json.get(bandwidth, key);
    if (value == null) {
      return 0;
    }
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.longValue() < 0
        || value.longValue() > most) {
      throw refused(BANDWIDTH + "." + key, bandwidth, "a whole number of bits from 0 to " + most);
    }
    return value.longValue();
  }

  private CniException refused(String key, JsonNode value, String expected) {
    return CniException.of(
        version,
        CniError.UNSUPPORTED_FIELD,
        "invalid runtimeConfig." + key + ": " + Shown.of(value.toString()),
        key + " takes " + expected);
  }
}
