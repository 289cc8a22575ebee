package io.millpond.node.settings;

/** How much is logged. */
public enum LogLevel {
  /** Only what needs a person. */
  ERROR,
  /** Also what a person should know. */
  WARN,
  /** Also what happened to each pod, address and ENI. */
  INFO,
  /** Also how. */
  DEBUG
}
