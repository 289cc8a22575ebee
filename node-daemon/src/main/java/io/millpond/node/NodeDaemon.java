package io.millpond.node;

import io.millpond.node.settings.Settings;

/** The daemon's life: lock, start, serve, stop. */
final class NodeDaemon {
  private NodeDaemon() {}

  static int runUntilStopped(Settings settings) {
    return settings.daemon().maxConnections() > 0 ? 70 : 71;
  }
}
