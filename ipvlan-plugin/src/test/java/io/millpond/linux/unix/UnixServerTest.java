package io.millpond.linux.unix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixServerTest {
  @TempDir private Path parent;

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void theSocketIsItsOwnersAloneAndSoIsItsDirectory() throws IOException {
    Path run = parent.resolve("run");
    Path socket = run.resolve("cni.sock");
    try (UnixServer _ = UnixServer.listen(socket)) {
      assertThat(mode(socket)).isEqualTo("rw-------");
      assertThat(mode(run)).isEqualTo("rwx------");
      try (Stream<Path> all = Files.list(run)) {
        assertThat(all).as("the temporary name is gone").containsExactly(socket);
      }
    }
  }

  @Test
  void aDirectoryThatOthersMayUseIsClosedToThemBeforeTheSocketIsThere() throws IOException {
    Path run = Files.createDirectory(parent.resolve("run"));
    Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxrwxrwx"));

    UnixServer.prepareDirectory(run);

    assertThat(mode(run)).isEqualTo("rwx------");
  }

  @Test
  void aLinkInThePlaceOfTheDirectoryIsRefused() throws IOException {
    Path elsewhere = Files.createDirectory(parent.resolve("elsewhere"));
    Path run = Files.createSymbolicLink(parent.resolve("run"), elsewhere);

    assertThatThrownBy(() -> UnixServer.listen(run.resolve("cni.sock")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a directory");
    assertThat(elsewhere).isEmptyDirectory();
  }

  @Test
  void aLinkInThePlaceOfTheSocketIsReplacedNotFollowed() throws IOException {
    Path victim = Files.writeString(parent.resolve("victim"), "untouched");
    Path run = Files.createDirectory(parent.resolve("run"));
    Path socket = Files.createSymbolicLink(run.resolve("cni.sock"), victim);
    try (UnixServer _ = UnixServer.listen(socket)) {
      assertThat(victim).hasContent("untouched");
      assertThat(Files.isSymbolicLink(socket)).isFalse();
    }
  }

  @Test
  void aLinkInThePlaceOfTheLockIsNotFollowed() throws IOException {
    Path victim = Files.writeString(parent.resolve("victim"), "untouched");
    Path lock = Files.createSymbolicLink(parent.resolve("lock"), victim);

    assertThatThrownBy(() -> FileLock.tryLock(lock)).isInstanceOf(IOException.class);
  }
}
