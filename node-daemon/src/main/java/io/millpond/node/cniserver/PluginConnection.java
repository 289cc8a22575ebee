package io.millpond.node.cniserver;

import io.millpond.node.kernel.Netns;
import io.millpond.node.pods.Caller;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/** A connection of a plugin. Used by one thread, but for {@link #gone} and {@link #close}. */
public interface PluginConnection extends Caller, AutoCloseable {
  /** The peer's user, as the kernel says. */
  int peerUid();

  /**
   * Reads one request, or fails.
   *
   * @throws IOException if it did not come whole within that time, is longer than allowed, or has a
   *     descriptor that is no network namespace
   */
  Incoming receive(Duration within) throws IOException;

  /**
   * A request.
   *
   * @param frame as the plugin sent it
   * @param netns the pod's namespace if a descriptor came with it; whoever receives this closes it
   */
  record Incoming(ByteBuffer frame, Optional<Netns> netns) {}

  /**
   * Sends the reply.
   *
   * @throws IOException if the peer does not take it within that time
   */
  void send(byte[] reply, Duration within) throws IOException;

  @Override
  void close();
}
