package io.millpond.linux.netns;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Kernel settings below {@code /proc/sys/net}, which shows the namespace of the thread that opens a
 * file.
 */
public final class Sysctl {
  /** Where they are unless {@link #root} says otherwise. */
  public static final Path ROOT = Path.of("/proc/sys/net");

  private static volatile Path root = ROOT;

  /** Of the values that are numbers, as all are that millpond sets. */
  private static final int LONGEST = 64;

  private Sysctl() {}

  /**
   * Has all of them read and written below another directory: in a container {@code /proc/sys} is
   * read-only, and the node's {@code /proc/sys/net} is mounted elsewhere. For the whole process,
   * before anything is set.
   */
  public static void root(Path directory) {
    root = directory;
  }

  /**
   * Sets a value unless it is set already.
   *
   * @param name below {@code net}, with slashes: an interface's name may have dots
   * @return whether it was changed
   * @throws IOException if the kernel refuses, naming the setting and the value
   */
  public static boolean set(String name, String value) throws IOException {
    String was =
        exchange(name, value)
            .orElseThrow(
                () ->
                    new IOException(
                        "cannot set net/" + name + " to " + value + ": there is no such setting"));
    return !was.equals(value);
  }

  /** As {@link #set}; a setting that this kernel does not have is left alone. */
  public static boolean setIfPresent(String name, String value) throws IOException {
    return exchange(name, value).filter(was -> !was.equals(value)).isPresent();
  }

  /**
   * As {@link #setIfPresent}.
   *
   * @return what it was; empty if this kernel does not have the setting
   */
  public static Optional<String> exchange(String name, String value) throws IOException {
    return change(name, value, _ -> true);
  }

  /** As {@link #setIfPresent}, if it is as expected; it is left alone otherwise. */
  public static void replace(String name, String expected, String value) throws IOException {
    Optional<String> ignored = change(name, value, expected::equals);
  }

  /** With one opening of the file: a pod gets ten settings. */
  private static Optional<String> change(String name, String value, Predicate<String> ifWas)
      throws IOException {
    try (FileChannel file = FileChannel.open(root.resolve(name), READ, WRITE)) {
      ByteBuffer buffer = ByteBuffer.allocate(LONGEST);
      int length = Math.max(0, file.read(buffer, 0));
      String was = new String(buffer.array(), 0, length, US_ASCII).trim();
      if (!was.equals(value) && ifWas.test(was)) {
        int ignored = file.write(ByteBuffer.wrap(value.getBytes(US_ASCII)), 0);
      }
      return Optional.of(was);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      // Below a /proc/sys that is mounted read-only all may be as it must be.
      String is = get(name);
      if (is.equals(value) || !ifWas.test(is)) {
        return Optional.of(is);
      }
      throw new IOException("cannot set net/" + name + " to " + value + ": " + e, e);
    }
  }

  /** Whether this kernel has the setting. */
  public static boolean exists(String name) {
    return Files.exists(root.resolve(name));
  }

  /**
   * Reads a value.
   *
   * @throws NoSuchFileException if there is no such setting
   */
  public static String get(String name) throws IOException {
    return Files.readString(root.resolve(name), US_ASCII).trim();
  }
}
