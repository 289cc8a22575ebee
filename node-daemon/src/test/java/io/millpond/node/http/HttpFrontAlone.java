package io.millpond.node.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * The listeners in a process of their own. The limits of the JDK's server hold for a whole process
 * and are read once, and a test that ran before may have read others.
 */
record HttpFrontAlone(
    Process process, InetSocketAddress readOnlyAddress, InetSocketAddress metricsAddress)
    implements AutoCloseable {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  static HttpFrontAlone start() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                HttpFrontAlone.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      BufferedReader lines = process.inputReader(UTF_8);
      return new HttpFrontAlone(process, port(lines), port(lines));
    } catch (IOException | RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static InetSocketAddress port(BufferedReader lines) throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new IOException("the process ended before it served");
    }
    return new InetSocketAddress(LOOPBACK, Integer.parseInt(line));
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Prints both ports and serves until its stdin ends. */
  public static void main(String[] arguments) throws IOException {
    InetSocketAddress any = new InetSocketAddress(LOOPBACK, 0);
    try (HttpFront http = HttpFront.start(any, any, new HttpFrontTest.FakeView(), new Metrics())) {
      System.out.println(http.readOnlyAddress().getPort());
      System.out.println(http.metricsAddress().getPort());
      System.in.transferTo(java.io.OutputStream.nullOutputStream());
    }
  }
}
