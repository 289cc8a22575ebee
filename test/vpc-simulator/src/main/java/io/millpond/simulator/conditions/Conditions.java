package io.millpond.simulator.conditions;

import java.util.function.UnaryOperator;

/** All that can be adjusted while the simulator runs. */
public final class Conditions {
  private volatile Settings settings;
  private final Throttle throttle = new Throttle(System::nanoTime);
  private final Faults faults = new Faults();
  private final CallLog calls = new CallLog();

  public Conditions(Settings settings) {
    this.settings = settings;
  }

  public Settings settings() {
    return settings;
  }

  /** Changes the settings for what begins from now on. */
  public synchronized void adjust(UnaryOperator<Settings> change) {
    settings = change.apply(settings);
  }

  public Throttle throttle() {
    return throttle;
  }

  public Faults faults() {
    return faults;
  }

  public CallLog calls() {
    return calls;
  }
}
