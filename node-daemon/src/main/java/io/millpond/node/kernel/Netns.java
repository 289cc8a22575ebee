package io.millpond.node.kernel;

/**
 * A pod's network namespace for as long as one request lasts. It must be closed before the reply is
 * sent: an open descriptor would keep a dead pod's namespace, and with it the pod's address, alive.
 */
public interface Netns extends AutoCloseable {
  /** The inode that identifies the namespace as long as it lives. */
  long inode();

  /** The open descriptor. */
  int descriptor();

  /** Closes the descriptor; closing twice is allowed. */
  @Override
  void close();
}
