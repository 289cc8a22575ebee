package io.millpond.simulator.conditions;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * Delays and quotas. All times are milliseconds, 0 to 600,000.
 *
 * @param latencyMillis every EC2 call takes at least this long, before its effect
 * @param imdsLatencyMillis the same for IMDS
 * @param attachMillis from AttachNetworkInterface until the link appears and the attachment is
 *     {@code attached}
 * @param detachMillis from DetachNetworkInterface until the link is gone and the interface is
 *     {@code available}
 * @param terminateMillis from TerminateInstances until {@code terminated}
 * @param describeLagMillis how old the picture of interfaces is that Describe calls give
 * @param useLagMillis how long a just-created interface is unknown to calls that name it
 * @param imdsLagMillis how old the picture of interfaces is that IMDS gives
 * @param networkInterfaceLimit interfaces in the account, EC2's quota "Network interfaces per
 *     Region"
 * @param addressUsageLimit network address usage of the VPC: an address or a prefix is one unit
 */
public record Settings(
    long latencyMillis,
    long imdsLatencyMillis,
    long attachMillis,
    long detachMillis,
    long terminateMillis,
    long describeLagMillis,
    long useLagMillis,
    long imdsLagMillis,
    int networkInterfaceLimit,
    int addressUsageLimit) {
  /** The longest delay or lag that can be set. */
  public static final long MAX_MILLIS = 600_000;

  /** No delay anywhere; EC2's default quotas. */
  public static final Settings INSTANT = new Settings(0, 0, 0, 0, 0, 0, 0, 0, 5_000, 64_000);

  public Settings {
    checkMillis("latencyMillis", latencyMillis);
    checkMillis("imdsLatencyMillis", imdsLatencyMillis);
    checkMillis("attachMillis", attachMillis);
    checkMillis("detachMillis", detachMillis);
    checkMillis("terminateMillis", terminateMillis);
    checkMillis("describeLagMillis", describeLagMillis);
    checkMillis("useLagMillis", useLagMillis);
    checkMillis("imdsLagMillis", imdsLagMillis);
    if (networkInterfaceLimit < 1 || addressUsageLimit < 1) {
      throw new IllegalArgumentException("a quota is at least 1");
    }
  }

  /** Settings as written in the configuration: what is absent keeps {@link #INSTANT}'s value. */
  @JsonCreator
  static Settings read(
      @JsonProperty("latencyMillis") @Nullable Long latency,
      @JsonProperty("imdsLatencyMillis") @Nullable Long imdsLatency,
      @JsonProperty("attachMillis") @Nullable Long attach,
      @JsonProperty("detachMillis") @Nullable Long detach,
      @JsonProperty("terminateMillis") @Nullable Long terminate,
      @JsonProperty("describeLagMillis") @Nullable Long describeLag,
      @JsonProperty("useLagMillis") @Nullable Long useLag,
      @JsonProperty("imdsLagMillis") @Nullable Long imdsLag,
      @JsonProperty("networkInterfaceLimit") @Nullable Integer interfaces,
      @JsonProperty("addressUsageLimit") @Nullable Integer usage) {
    return new Settings(
        or(latency, 0),
        or(imdsLatency, 0),
        or(attach, 0),
        or(detach, 0),
        or(terminate, 0),
        or(describeLag, 0),
        or(useLag, 0),
        or(imdsLag, 0),
        interfaces == null ? INSTANT.networkInterfaceLimit : interfaces,
        usage == null ? INSTANT.addressUsageLimit : usage);
  }

  public Settings withLatencyMillis(long millis) {
    return new Settings(
        millis,
        imdsLatencyMillis,
        attachMillis,
        detachMillis,
        terminateMillis,
        describeLagMillis,
        useLagMillis,
        imdsLagMillis,
        networkInterfaceLimit,
        addressUsageLimit);
  }

  public Settings withAttachMillis(long millis) {
    return new Settings(
        latencyMillis,
        imdsLatencyMillis,
        millis,
        detachMillis,
        terminateMillis,
        describeLagMillis,
        useLagMillis,
        imdsLagMillis,
        networkInterfaceLimit,
        addressUsageLimit);
  }

  public Settings withDetachMillis(long millis) {
    return new Settings(
        latencyMillis,
        imdsLatencyMillis,
        attachMillis,
        millis,
        terminateMillis,
        describeLagMillis,
        useLagMillis,
        imdsLagMillis,
        networkInterfaceLimit,
        addressUsageLimit);
  }

  public Settings withDescribeLagMillis(long millis) {
    return new Settings(
        latencyMillis,
        imdsLatencyMillis,
        attachMillis,
        detachMillis,
        terminateMillis,
        millis,
        useLagMillis,
        imdsLagMillis,
        networkInterfaceLimit,
        addressUsageLimit);
  }

  public Settings withUseLagMillis(long millis) {
    return new Settings(
        latencyMillis,
        imdsLatencyMillis,
        attachMillis,
        detachMillis,
        terminateMillis,
        describeLagMillis,
        millis,
        imdsLagMillis,
        networkInterfaceLimit,
        addressUsageLimit);
  }

  public Settings withImdsLagMillis(long millis) {
    return new Settings(
        latencyMillis,
        imdsLatencyMillis,
        attachMillis,
        detachMillis,
        terminateMillis,
        describeLagMillis,
        useLagMillis,
        millis,
        networkInterfaceLimit,
        addressUsageLimit);
  }

  public Settings withNetworkInterfaceLimit(int limit) {
    return new Settings(
        latencyMillis,
        imdsLatencyMillis,
        attachMillis,
        detachMillis,
        terminateMillis,
        describeLagMillis,
        useLagMillis,
        imdsLagMillis,
        limit,
        addressUsageLimit);
  }

  public Settings withAddressUsageLimit(int limit) {
    return new Settings(
        latencyMillis,
        imdsLatencyMillis,
        attachMillis,
        detachMillis,
        terminateMillis,
        describeLagMillis,
        useLagMillis,
        imdsLagMillis,
        networkInterfaceLimit,
        limit);
  }

  private static long or(@Nullable Long value, long fallback) {
    return value == null ? fallback : value;
  }

  private static void checkMillis(String name, long millis) {
    if (millis < 0 || millis > MAX_MILLIS) {
      throw new IllegalArgumentException(name + " is 0 to " + MAX_MILLIS + ", not " + millis);
    }
  }
}
