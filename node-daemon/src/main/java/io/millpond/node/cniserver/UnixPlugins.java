package io.millpond.node.cniserver;

import io.millpond.cni.CniError;
import io.millpond.cni.CniFrame;
import io.millpond.cni.Documents;
import io.millpond.linux.unix.Deadline;
import io.millpond.linux.unix.NetnsDescriptor;
import io.millpond.linux.unix.UnixConnection;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.kernel.LinuxNetns;
import io.millpond.node.kernel.Netns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/** Plugins on the Unix socket. */
public final class UnixPlugins implements PluginListener {
  private static final Duration LOOK = Duration.ofMillis(200);

  private final UnixServer server;
  private final Namespaces namespaces;
  private volatile boolean closed;

  /** How a descriptor becomes a namespace. */
  @FunctionalInterface
  public interface Namespaces {
    /**
     * Takes the descriptor over; it is closed if this fails.
     *
     * @throws IOException if it is no pod's network namespace
     */
    Netns adopt(int descriptor) throws IOException;
  }

  /** Plugins that connect to this socket; it stays the caller's to close. */
  public UnixPlugins(UnixServer server) {
    this(server, UnixPlugins::verified);
  }

  /** With namespaces of another kind. */
  UnixPlugins(UnixServer server, Namespaces namespaces) {
    this.server = server;
    this.namespaces = namespaces;
  }

  private static Netns verified(int descriptor) throws IOException {
    try {
      return LinuxNetns.adopt(descriptor, NetnsDescriptor.verify(descriptor));
    } catch (IOException e) {
      LinuxNetns.adopt(descriptor, 0).close();
      throw e;
    }
  }

  @Override
  public PluginConnection accept() throws IOException {
    while (!closed) {
      Optional<UnixConnection> connection = server.accept(LOOK);
      if (connection.isPresent()) {
        return new Plugin(connection.get(), namespaces);
      }
    }
    throw new IOException("no more plugins are accepted here");
  }

  @Override
  public void close() {
    closed = true;
  }

  private record Plugin(UnixConnection connection, Namespaces namespaces)
      implements PluginConnection {
    /** What is made ready before the client has sent as much. */
    private static final int CHUNK = 64 * 1024;

    private static final Duration REFUSAL = Duration.ofSeconds(1);

    @Override
    public int peerUid() {
      try {
        return connection.peerUid();
      } catch (IOException e) {
        return -1;
      }
    }

    @Override
    public Incoming receive(Duration within) throws IOException {
      Deadline deadline = Deadline.after(within);
      ByteBuffer header = connection.receive(CniFrame.HEADER, deadline);
      return switch (CniFrame.readHeader(header)) {
        case CniFrame.Header.Ours(int length) ->
            new Incoming(whole(header, length, deadline), netns());
        case CniFrame.Header.Newer(int version) -> {
          refuse(
              CniError.TRY_LATER,
              "upgrade in progress",
              "the plugin speaks version " + version + ", the daemon 1: wait for the new daemon");
          throw new IOException(
              "a plugin of a newer release asked (frame version " + version + ")");
        }
        case CniFrame.Header.Garbage(String why) ->
            throw new IOException("not a plugin's request: " + why);
      };
    }

    /** Memory grows with what has come, not with what was announced. */
    private ByteBuffer whole(ByteBuffer header, int length, Deadline deadline) throws IOException {
      ByteBuffer frame = ByteBuffer.allocate(CniFrame.HEADER + Math.min(CHUNK, length));
      frame.put(header);
      for (int left = length; left > 0; ) {
        ByteBuffer part = connection.receive(Math.min(CHUNK, left), deadline);
        left -= part.remaining();
        if (frame.remaining() < part.remaining()) {
          int size = Math.min(2 * frame.capacity() + CHUNK, CniFrame.HEADER + length);
          frame = ByteBuffer.allocate(size).put(frame.flip());
        }
        frame.put(part);
      }
      return frame.flip();
    }

    private Optional<Netns> netns() throws IOException {
      int descriptor = connection.takeDescriptor();
      if (descriptor < 0) {
        return Optional.empty();
      }
      try {
        return Optional.of(namespaces.adopt(descriptor));
      } catch (IOException e) {
        refuse(
            CniError.INVALID_NETNS,
            "the network namespace cannot be used",
            String.valueOf(e.getMessage()));
        throw e;
      }
    }

    private void refuse(int code, String msg, String details) throws IOException {
      send(CniFrame.reply(1, Documents.error(new CniError("1.0.0", code, msg, details))), REFUSAL);
    }

    @Override
    public void send(byte[] reply, Duration within) throws IOException {
      connection.send(reply, Deadline.after(within));
    }

    @Override
    public boolean gone() {
      return connection.peerGone();
    }

    @Override
    public void close() {
      connection.close();
    }
  }
}
