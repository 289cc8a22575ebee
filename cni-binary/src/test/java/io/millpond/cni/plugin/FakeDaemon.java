package io.millpond.cni.plugin;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Listens on the plugin's socket and does to each connection what the test says. */
final class FakeDaemon implements AutoCloseable {
  private final ServerSocketChannel listener;
  private final List<byte[]> frames = new CopyOnWriteArrayList<>();
  private final List<SocketChannel> connections = new CopyOnWriteArrayList<>();

  /** What the daemon does to a connection; the connection is closed afterwards. */
  @FunctionalInterface
  interface Behaviour {
    void serve(SocketChannel plugin) throws IOException;
  }

  private FakeDaemon(Path runDirectory, int backlog) {
    try {
      listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listener.bind(UnixDomainSocketAddress.of(runDirectory.resolve("cni.sock")), backlog);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One that listens, but accepts only after {@link #serve}. */
  static FakeDaemon notAccepting(Path runDirectory, int backlog) {
    return new FakeDaemon(runDirectory, backlog);
  }

  static FakeDaemon that(Behaviour behaviour, Path runDirectory) {
    FakeDaemon daemon = new FakeDaemon(runDirectory, 50);
    daemon.serve(behaviour);
    return daemon;
  }

  /** One that reads a request and answers so. */
  static FakeDaemon answering(int status, String document, Path runDirectory) {
    FakeDaemon daemon = new FakeDaemon(runDirectory, 50);
    daemon.serve(
        plugin -> {
          daemon.read(plugin);
          write(plugin, reply(status, document));
        });
    return daemon;
  }

  void serve(Behaviour behaviour) {
    Thread.ofVirtual().start(() -> acceptAll(behaviour));
  }

  private void acceptAll(Behaviour behaviour) {
    while (listener.isOpen()) {
      try {
        SocketChannel plugin = listener.accept();
        connections.add(plugin);
        Thread.ofVirtual().start(() -> serve(plugin, behaviour));
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void serve(SocketChannel plugin, Behaviour behaviour) {
    try (plugin) {
      behaviour.serve(plugin);
    } catch (IOException e) {
      // The plugin has closed the connection; what it printed is what the test looks at.
    }
  }

  /** Reads a frame and keeps it. */
  void read(SocketChannel plugin) throws IOException {
    ByteBuffer header = exactly(plugin, 8);
    ByteBuffer rest = exactly(plugin, header.getInt(4));
    frames.add(ByteBuffer.allocate(8 + rest.remaining()).put(header).put(rest).array());
  }

  private static ByteBuffer exactly(SocketChannel plugin, int length) throws IOException {
    ByteBuffer octets = ByteBuffer.allocate(length);
    while (octets.hasRemaining()) {
      if (plugin.read(octets) < 0) {
        throw new EOFException();
      }
    }
    return octets.flip();
  }

  static void write(SocketChannel plugin, byte[] octets) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(octets);
    while (out.hasRemaining()) {
      plugin.write(out);
    }
  }

  static byte[] reply(int status, String document) {
    byte[] text = document.getBytes(UTF_8);
    return ByteBuffer.allocate(12 + text.length)
        .put("MPC1".getBytes(UTF_8))
        .putInt(4 + text.length)
        .putInt(status)
        .put(text)
        .array();
  }

  /** What has been read, oldest first. */
  List<byte[]> frames() {
    return List.copyOf(frames);
  }

  /** The only frame. */
  Frame frame() {
    assertThat(frames).hasSize(1);
    return Frame.of(frames.getFirst());
  }

  /** A request, decoded without the code that the real daemon uses. */
  @SuppressWarnings("ArrayRecordComponent")
  record Frame(Map<String, String> variables, byte[] stdin, String name, List<Integer> tags) {
    static Frame of(byte[] octets) {
      ByteBuffer in = ByteBuffer.wrap(octets);
      byte[] magic = new byte[4];
      in.get(magic);
      assertThat(magic).asString(ISO_8859_1).isEqualTo("MPC1");
      assertThat(in.getInt()).isEqualTo(octets.length - 8);
      Map<String, String> variables = new TreeMap<>();
      byte[] stdin = {};
      String name = "";
      List<Integer> tags = new ArrayList<>();
      while (in.hasRemaining()) {
        int tag = in.get();
        byte[] value = new byte[in.getInt()];
        in.get(value);
        tags.add(tag);
        switch (tag) {
          case 1 -> {
            String[] pair = new String(value, ISO_8859_1).split("=", 2);
            assertThat(variables.put(pair[0], pair[1])).isNull();
          }
          case 2 -> stdin = value;
          case 3 -> name = new String(value, ISO_8859_1);
          default -> throw new AssertionError("unknown field " + tag);
        }
      }
      return new Frame(variables, stdin, name, tags);
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (SocketChannel connection : connections) {
        connection.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
