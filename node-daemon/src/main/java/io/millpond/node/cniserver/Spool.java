package io.millpond.node.cniserver;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millpond.cni.CniException;
import io.millpond.cni.CniFrame;
import io.millpond.cni.CniRequest;
import io.millpond.cni.RequestParser;
import io.millpond.node.kernel.Netns;
import io.millpond.node.log.LogContext;
import io.millpond.node.pods.DeletePod;
import io.millpond.pool.value.AttachmentKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DELs that plugins kept while no daemon listened: files named by SHA-256 over container ID and
 * interface (each after its length as a 32-bit big-endian number), a hyphen, and SHA-256 over
 * stdin. A file goes when its DEL took effect; one that can never be understood is set aside for
 * people, one of a newer version is left alone.
 */
public final class Spool implements CniVerbs.SpoolLookup, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Spool.class);
  private static final int NAME_LENGTH = 64;

  /** Where what cannot be understood goes; plugins and {@link #drain} look at files only. */
  static final String ASIDE = "unreadable";

  static final int MOST_ASIDE = 100;
  private static final FileAttribute<Set<PosixFilePermission>> OWN =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  /**
   * A plugin writes for a moment, not for minutes: what is older was left by one that was killed.
   */
  static final Duration ABANDONED = Duration.ofMinutes(5);

  private final Path directory;
  private final Deletion deletePod;

  /**
   * Held from the reading of a file to its removal: a DEL that was read but has not yet taken its
   * place in the attachment's lane would otherwise remove the pod of an ADD that came after it.
   */
  final ReentrantLock replaying = new ReentrantLock(true);

  private final Thread thread =
      Thread.ofPlatform().daemon().name("spool").unstarted(this::drainAgain);
  private Duration period = Duration.ofSeconds(30);

  /** What a DEL does, which {@link DeletePod} says. */
  @FunctionalInterface
  interface Deletion {
    DeletePod.Outcome delete(AttachmentKey key, Optional<Netns> netns) throws InterruptedException;
  }

  /** The spool in this directory, which need not exist. */
  public Spool(Path directory, DeletePod deletePod) {
    this(directory, deletePod::delete);
  }

  Spool(Path directory, Deletion deletePod) {
    this.directory = directory;
    this.deletePod = deletePod;
  }

  /** Lets everything take effect that was kept; what fails stays for the next time. */
  public void drain() throws InterruptedException {
    List<Path> files = files("*");
    if (!files.isEmpty()) {
      log.info("{} DELs were kept in the spool", files.size());
    }
    for (Path file : files) {
      replay(file);
    }
    removeAbandoned();
  }

  /**
   * Drains again and again from now on, on a thread of its own: a plugin also keeps a DEL that this
   * daemon did not answer in time.
   */
  public void keepDraining(Duration every) {
    period = every;
    thread.start();
  }

  private void drainAgain() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        Thread.sleep(period);
        drain();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        log.error("a bug while the spool was drained", e);
      }
    }
  }

  /** They would count towards the spool's limits for ever. */
  private void removeAbandoned() {
    Instant before = Instant.now().minus(ABANDONED);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, ".*")) {
      for (Path entry : entries) {
        if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)
            && Files.getLastModifiedTime(entry, LinkOption.NOFOLLOW_LINKS)
                .toInstant()
                .isBefore(before)) {
          Files.deleteIfExists(entry);
          log.info("{} was left by a plugin that was killed while it wrote, and is removed", entry);
        }
      }
    } catch (NoSuchFileException e) {
      // No spool yet, or the plugin finished meanwhile.
    } catch (IOException e) {
      log.warn("the spool {} cannot be tidied: {}", directory, e.toString());
    }
  }

  /** Ends the thread; a DEL that is taking effect comes to its end. */
  @Override
  public void close() {
    thread.interrupt();
  }

  @Override
  public void before(String containerId, String ifName) throws InterruptedException {
    for (Path file : files(name(containerId, ifName) + "-*")) {
      replay(file);
    }
  }

  private List<Path> files(String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      for (Path entry : entries) {
        // A name that begins with a dot is being written by a plugin.
        if (!entry.getFileName().toString().startsWith(".")
            && Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
          found.add(entry);
        }
      }
    } catch (NoSuchFileException e) {
      return found;
    } catch (IOException e) {
      log.warn("the spool {} cannot be read: {}", directory, e.getMessage());
    }
    return found;
  }

  private void replay(Path file) throws InterruptedException {
    replaying.lockInterruptibly();
    try {
      replayLocked(file);
    } finally {
      replaying.unlock();
    }
  }

  /** Does nothing if the file is gone: its DEL took effect meanwhile. */
  private void replayLocked(Path file) throws InterruptedException {
    Optional<ByteBuffer> octets = read(file);
    if (octets.isEmpty()) {
      return;
    }
    switch (CniFrame.readHeader(octets.get())) {
      case CniFrame.Header.Newer(int version) ->
          log.warn(
              "{} was kept by a plugin of a newer release (version {}): left alone", file, version);
      case CniFrame.Header.Garbage(String why) -> setAside(file, why);
      case CniFrame.Header.Ours _ -> {
        Optional<CniFrame> frame = CniFrame.read(octets.get());
        if (frame.isEmpty()) {
          setAside(file, "it is not whole");
        } else {
          replay(file, frame.get());
        }
      }
    }
  }

  private void replay(Path file, CniFrame frame) throws InterruptedException {
    CniRequest request;
    try {
      request = RequestParser.parse(frame);
    } catch (CniException e) {
      setAside(file, String.valueOf(e.getMessage()));
      return;
    }
    if (!(request instanceof CniRequest.Del del)) {
      setAside(file, "it is no DEL");
      return;
    }
    try (LogContext _ =
        LogContext.with(
            Map.of(
                LogContext.CID, del.key().containerId(), LogContext.POD, del.pod().toString()))) {
      switch (deletePod.delete(del.key(), Optional.empty())) {
        case DeletePod.Gone _ -> {
          log.info("a DEL that was kept in the spool took effect");
          remove(file);
        }
        case DeletePod.Failed failed ->
            log.warn("a DEL from the spool failed and is kept: {}", failed.detail());
      }
    }
  }

  private static Optional<ByteBuffer> read(Path file) {
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      byte[] octets = in.readNBytes(CniFrame.LIMIT + 1);
      return Optional.of(ByteBuffer.wrap(octets));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      log.warn("a file of the spool cannot be read, it is tried again: {}", e.toString());
      return Optional.empty();
    }
  }

  /** For people to look at; where there are many already, they are no news. */
  private void setAside(Path file, String why) {
    Path aside = directory.resolve(ASIDE);
    log.error(
        "a file of the spool can never be understood and is set aside in {}: {} ({})",
        aside,
        file.getFileName(),
        why);
    try {
      Files.createDirectories(aside, OWN);
      if (count(aside) >= MOST_ASIDE) {
        Files.deleteIfExists(file);
      } else {
        Files.move(file, aside.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      log.warn("it cannot be set aside and will be looked at again: {}", e.toString());
    }
  }

  private static int count(Path aside) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(aside)) {
      int count = 0;
      for (Path _ : entries) {
        count++;
      }
      return count;
    }
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.warn("a file of the spool cannot be removed; its DEL will come again: {}", e.toString());
    }
  }

  /** The first half of a file's name. */
  static String name(String containerId, String ifName) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (String part : List.of(containerId, ifName)) {
        byte[] octets = part.getBytes(UTF_8);
        sha.update(ByteBuffer.allocate(4).putInt(octets.length).array());
        sha.update(octets);
      }
      return HexFormat.of().formatHex(sha.digest()).substring(0, NAME_LENGTH);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
