package io.millpond.node.install;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.unix.FileLock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a daemon leaves in the kernel goes when none can put it back. */
class KernelCleanupTest {
  @TempDir Path run;

  @SuppressWarnings("NullAway.Init")
  KernelCleanupTest() {}

  @Test
  void nothingIsTouchedWhileADaemonRunsAndTheRemedyIsSaid() throws IOException {
    try (FileLock _ = FileLock.tryLock(run.resolve("lock")).orElseThrow()) {
      KernelCleanup done =
          KernelCleanup.run(
              run,
              () -> {
                throw new AssertionError("touched");
              });
      assertThat(done.removed()).isEmpty();
      assertThat(done.left()).singleElement().asString().contains("stop it", "again");
    }
  }

  @Test
  void withoutADaemonItGoesAndNoneBeginsMeanwhile() throws IOException {
    KernelCleanup done =
        KernelCleanup.run(
            run,
            () -> {
              assertThat(FileLock.tryLock(run.resolve("lock"))).isEmpty();
              return List.of("the routes");
            });
    assertThat(done).isEqualTo(new KernelCleanup(List.of("the routes"), List.of()));
    assertThat(FileLock.tryLock(run.resolve("lock"))).isPresent();
  }

  @Test
  void aNodeWithoutARunDirectoryHasNoDaemon() throws IOException {
    assertThat(KernelCleanup.run(run.resolve("none"), () -> List.of("the routes")).removed())
        .containsExactly("the routes");
  }
}
