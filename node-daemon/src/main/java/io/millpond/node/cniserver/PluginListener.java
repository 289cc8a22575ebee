package io.millpond.node.cniserver;

import java.io.IOException;

/** Where plugins connect. */
public interface PluginListener extends AutoCloseable {
  /**
   * The next connection.
   *
   * @throws IOException if the listener is closed or the system is out of something
   */
  PluginConnection accept() throws IOException;

  /**
   * Makes {@link #accept} fail from now on; connections in the backlog stay there for a successor.
   */
  @Override
  void close();
}
