package io.millpond.node.kubernetes;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The way to a real API server, which a test can block: silently, as a dead network does. */
final class Passage implements AutoCloseable {
  private final ServerSocket entrance;
  private final Path exit;
  private final List<Closeable> open = new CopyOnWriteArrayList<>();
  private volatile boolean blocked;

  Passage(Path exit) {
    this.exit = exit;
    try {
      entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofPlatform().daemon().start(this::accept);
  }

  URI address() {
    return URI.create("https://127.0.0.1:" + entrance.getLocalPort());
  }

  /** From now on nothing passes, on connections that are open neither; nobody is told. */
  void block() {
    blocked = true;
  }

  /** New connections pass again; those that were blocked stay dead. */
  void unblock() {
    blocked = false;
  }

  private void accept() {
    try {
      while (true) {
        Socket here = entrance.accept();
        open.add(here);
        SocketChannel there = SocketChannel.open(StandardProtocolFamily.UNIX);
        open.add(there);
        there.connect(UnixDomainSocketAddress.of(exit));
        Way way = new Way();
        Thread.ofPlatform().daemon().start(() -> way.in(here, there));
        Thread.ofPlatform().daemon().start(() -> way.out(here, there));
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private final class Way {
    private volatile boolean dead;

    private boolean passes() {
      dead |= blocked;
      return !dead;
    }

    private void in(Socket here, SocketChannel there) {
      byte[] octets = new byte[8192];
      try {
        int count;
        while ((count = here.getInputStream().read(octets)) >= 0) {
          if (passes()) {
            there.write(ByteBuffer.wrap(octets, 0, count));
          }
        }
        there.close();
      } catch (IOException e) {
        // One end is gone.
      }
    }

    private void out(Socket here, SocketChannel there) {
      byte[] octets = new byte[8192];
      try {
        int count;
        while ((count = Channels.newInputStream(there).read(octets)) >= 0) {
          if (passes()) {
            here.getOutputStream().write(octets, 0, count);
          }
        }
        if (passes()) {
          here.close();
        }
      } catch (IOException e) {
        // One end is gone.
      }
    }
  }

  @Override
  public void close() throws IOException {
    entrance.close();
    for (Closeable one : open) {
      one.close();
    }
  }
}
