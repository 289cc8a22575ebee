package io.millpond.linux.datapath;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * The table {@code inet owned} that drops what is forwarded and that only its owner, a process, may
 * change. It goes with the owner, which is no transaction.
 */
final class OwnedTable implements AutoCloseable {
  private final Process owner;

  /** In the namespace of this name; there when the constructor returns. */
  OwnedTable(String netns) throws IOException {
    owner = new ProcessBuilder("ip", "netns", "exec", netns, "nft", "-i").start();
    try {
      owner
          .getOutputStream()
          .write(
              "add table inet owned { flags owner; }; add chain inet owned f { type filter hook forward priority 10; policy drop; }\n"
                  .getBytes(UTF_8));
      owner.getOutputStream().flush();
      await()
          .until(
              () ->
                  Shell.run("ip netns exec %s nft list tables".formatted(netns))
                      .contains("inet owned"));
    } catch (IOException | RuntimeException | Error e) {
      owner.destroyForcibly();
      throw e;
    }
  }

  @Override
  public void close() {
    owner.destroy();
    assertThat(owner.onExit()).succeedsWithin(10, TimeUnit.SECONDS);
  }
}
