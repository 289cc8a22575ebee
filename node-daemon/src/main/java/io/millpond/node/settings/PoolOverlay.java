package io.millpond.node.settings;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Settings of the pool that somebody lays over the node's own while the daemon runs; what is empty
 * stays as the node has it. Immutable.
 */
public record PoolOverlay(
    Optional<Integer> warmEniTarget,
    Optional<Integer> warmIpTarget,
    Optional<Integer> minimumIpTarget,
    Optional<Integer> maxEni,
    Optional<Duration> cooldown,
    Optional<Duration> releaseDelay) {

  /** Those that may be laid over, in the order in which people should read them. */
  private static final List<Setting<?>> LIVE =
      List.of(
          KnownSettings.WARM_ENI_TARGET,
          KnownSettings.WARM_IP_TARGET,
          KnownSettings.MINIMUM_IP_TARGET,
          KnownSettings.MAX_ENI,
          KnownSettings.IP_COOLDOWN_PERIOD,
          KnownSettings.RELEASE_DELAY);

  /** The names of the fields: those that the settings have in the file. */
  public static List<String> fields() {
    return LIVE.stream().map(Setting::fileKey).toList();
  }

  /**
   * Reads texts, as the settings file's are read.
   *
   * @param texts by {@link #fields field}; others are ignored
   * @throws InvalidSettingsException with one line for each field that cannot be used: its name,
   *     its value, and what is expected
   */
  public static PoolOverlay read(Map<String, String> texts) throws InvalidSettingsException {
    List<String> errors = new ArrayList<>();
    PoolOverlay overlay =
        new PoolOverlay(
            one(KnownSettings.WARM_ENI_TARGET, texts, errors),
            one(KnownSettings.WARM_IP_TARGET, texts, errors),
            one(KnownSettings.MINIMUM_IP_TARGET, texts, errors),
            one(KnownSettings.MAX_ENI, texts, errors),
            one(KnownSettings.IP_COOLDOWN_PERIOD, texts, errors),
            one(KnownSettings.RELEASE_DELAY, texts, errors));
    if (!errors.isEmpty()) {
      throw new InvalidSettingsException(errors);
    }
    return overlay;
  }

  private static <T> Optional<T> one(
      Setting<T> setting, Map<String, String> texts, List<String> errors) {
    String text = texts.get(setting.fileKey());
    if (text == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(setting.type().reader().apply(text.strip()));
    } catch (IllegalArgumentException e) {
      errors.add(
          "%s=%s: %s; expected: %s"
              .formatted(
                  setting.fileKey(),
                  SettingValues.shown(text),
                  e.getMessage(),
                  setting.type().form()));
      return Optional.empty();
    }
  }

  /**
   * The node's settings with these laid over them. An overlay that has a target of ENIs and none of
   * addresses means ENIs: the node's own targets of addresses, beside which it would have no
   * effect, do not count then.
   */
  public Settings.Pool over(Settings.Pool own) {
    boolean byEni =
        warmEniTarget.isPresent() && warmIpTarget.isEmpty() && minimumIpTarget.isEmpty();
    return new Settings.Pool(
        warmEniTarget.orElse(own.warmEniTarget()),
        byEni ? Optional.empty() : warmIpTarget.or(own::warmIpTarget),
        byEni ? Optional.empty() : minimumIpTarget.or(own::minimumIpTarget),
        maxEni.orElse(own.maxEni()),
        cooldown.orElse(own.cooldown()),
        releaseDelay.orElse(own.releaseDelay()),
        own.firstEni(),
        own.maxPods());
  }

  /** What is laid over, by the names that users of EKS know. */
  public SortedMap<String, String> shown() {
    SortedMap<String, String> shown = new TreeMap<>();
    warmEniTarget.ifPresent(n -> shown.put("WARM_ENI_TARGET", n.toString()));
    warmIpTarget.ifPresent(n -> shown.put("WARM_IP_TARGET", n.toString()));
    minimumIpTarget.ifPresent(n -> shown.put("MINIMUM_IP_TARGET", n.toString()));
    maxEni.ifPresent(n -> shown.put("MAX_ENI", n.toString()));
    cooldown.ifPresent(t -> shown.put("IP_COOLDOWN_PERIOD", t.toMillis() + "ms"));
    releaseDelay.ifPresent(t -> shown.put("MILLPOND_RELEASE_DELAY", t.toMillis() + "ms"));
    return shown;
  }
}
