package io.millpond.node.cniserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.unix.Native;
import io.millpond.linux.unix.UnixServer;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.Netns;
import io.millpond.node.testing.ModelKernel;
import io.millpond.node.testing.TestNode;
import io.millpond.pool.value.Prefix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A daemon over the model of a kernel that serves the real plugin: processes that are started as
 * runtimes start them. Each descriptor is taken for a namespace of its own, whatever it is.
 */
final class ServedNode implements AutoCloseable {
  /** Built as for a node, but for the run directory. */
  static final Path PLUGIN = Path.of("../cni-binary/target/test/millpond").toAbsolutePath();

  final TestNode node = new TestNode("IP_COOLDOWN_PERIOD", "0s", "MILLPOND_ADD_WAIT", "5s").warm();
  private final Path run;
  private final UnixServer socket;
  private final CniServer server;
  private final AtomicLong namespaces = new AtomicLong();

  ServedNode(Path run) throws IOException {
    this.run = run;
    this.socket = UnixServer.listen(run.resolve("cni.sock"));
    this.server =
        new CniServer(
            new UnixPlugins(socket, this::another),
            new CniVerbs(
                node.core().verbs(),
                (_, _) -> {},
                List.of(Prefix.parse("10.0.0.0/16")),
                new Metrics()),
            CniServer.Limits.of(8),
            (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    server.start();
  }

  private Netns another(int descriptor) {
    int ignored = Native.LIBC.close(descriptor);
    return ModelKernel.netns(namespaces.incrementAndGet());
  }

  /** What a process left. */
  record Ran(int status, String out, String err) {}

  /** Runs a program with these variables and no other, but for the run directory. */
  Ran run(List<String> command, Map<String, String> variables, String stdin) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).directory(Path.of("/").toFile());
    builder.environment().clear();
    builder.environment().putAll(variables);
    builder.environment().put("MILLPOND_RUN_DIR", run.toString());
    Path in = run.resolve("stdin");
    Files.writeString(in, stdin);
    Process process = builder.redirectInput(in.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ran(process.exitValue(), out, err);
  }

  /** A program of the reference library. */
  static String library(String program) {
    return Path.of(
            Objects.requireNonNull(
                System.getenv("MILLPOND_CNI_LIBRARY"),
                "MILLPOND_CNI_LIBRARY names what test/peers/cni-library prints"))
        .resolve(program)
        .toString();
  }

  @Override
  public void close() {
    server.close();
    socket.close();
    node.close();
  }
}
