package io.millpond.node.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millpond.linux.unix.UnixServer;
import io.millpond.node.admin.AdminServer;
import io.millpond.node.testing.TestNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TurnTest {
  @TempDir Path directory;

  @BeforeEach
  void prepare() throws IOException {
    UnixServer.prepareDirectory(run());
  }

  private Path run() {
    return directory.resolve("run");
  }

  private CompletableFuture<Turn> taking() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return Turn.take(run(), _ -> {});
          } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
          }
        },
        task -> Thread.ofPlatform().daemon().start(task));
  }

  @Test
  void aFreeTurnIsTakenAtOnceAndGivenBackOnce() throws Exception {
    for (int i = 0; i < 2; i++) {
      try (Turn turn = Turn.take(run(), _ -> {})) {
        assertThat(turn.listener()).isEmpty();
      }
    }
  }

  /** The lock may be seen free a moment before the socket that was sent earlier is received. */
  @Test
  void aSocketThatIsStillOnItsWayWhenTheLockIsFreeIsNotLost() throws Exception {
    int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    Turn before = Turn.take(run(), _ -> {});
    try (UnixServer plugins = UnixServer.listen(run().resolve("cni.sock"));
        AdminServer admin = AdminServer.start(run().resolve("admin.sock"), Map.of(), self)) {
      CompletableFuture<Turn> next = taking();
      await().atMost(TestNode.SOON).until(admin::hasStandby);
      before.close();
      await().during(Duration.ofMillis(250)).atMost(TestNode.SOON).until(() -> !next.isDone());
      assertThat(admin.handOver(plugins.descriptor())).isTrue();
      try (Turn turn = next.get(10, TimeUnit.SECONDS)) {
        assertThat(turn.listener()).isPresent();
        turn.listener().get().close();
      }
    }
  }
}
