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
  private static final Duration LOOK = Duration.ofMillis(500);

  private final UnixServer server;
  private volatile boolean closed;

  /** Plugins that connect to this socket; it stays the caller's to close. */
  public UnixPlugins(UnixServer server) {
    this.server = server;
  }

  @Override
  public PluginConnection accept() throws IOException {
    while (!closed) {
      Optional<UnixConnection> connection = server.accept(LOOK);
      if (connection.isPresent()) {
        return new Plugin(connection.get());
      }
    }
    throw new IOException("no more plugins are accepted here");
  }

  @Override
  public void close() {
    closed = true;
  }

  private record Plugin(UnixConnection connection) implements PluginConnection {
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
            whole(header, connection.receive(length, deadline));
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

    private Incoming whole(ByteBuffer header, ByteBuffer fields) throws IOException {
      ByteBuffer frame = ByteBuffer.allocate(header.remaining() + fields.remaining());
      frame.put(header).put(fields).flip();
      int descriptor = connection.takeDescriptor();
      return new Incoming(
          frame, descriptor < 0 ? Optional.empty() : Optional.of(netns(descriptor)));
    }

    private Netns netns(int descriptor) throws IOException {
      try {
        return LinuxNetns.adopt(descriptor, NetnsDescriptor.verify(descriptor));
      } catch (IOException e) {
        LinuxNetns.adopt(descriptor, 0).close();
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
