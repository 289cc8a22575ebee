package io.millpond.node.install;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.cni.ConfigurationList;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The network's configuration, a {@code .conflist} file. What millpond writes bears a mark, a hash
 * over all else in the document: so it is known again, and so is that somebody changed it since.
 * Runtimes pass over the mark, a key of the list that the specification does not name.
 */
public final class Conflist {
  /** The name of the installed file. */
  public static final String NAME = "10-millpond.conflist";

  private static final String MARK = "millpond.io/installed";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ObjectNode document;

  private Conflist(ObjectNode document) {
    this.document = document;
    document.remove(MARK);
  }

  /**
   * The administrator's own configuration if there is that file, else the one that comes with
   * millpond.
   *
   * @throws InvalidConflistException if the file cannot be used
   */
  public static Conflist of(Path file) throws InvalidConflistException {
    Optional<byte[]> octets;
    try {
      octets = WholeFile.read(file);
    } catch (IOException e) {
      throw new InvalidConflistException(List.of(file + " cannot be read: " + Refusal.why(e)));
    }
    if (octets.isEmpty()) {
      return builtIn();
    }
    String text = new String(octets.get(), UTF_8);
    if (text.isBlank()) {
      throw new InvalidConflistException(
          List.of(
              file
                  + " is empty: write the network's configuration there, or remove the file to have"
                  + " the one that comes with millpond"));
    }
    List<String> problems = ConfigurationList.problems(text);
    if (!problems.isEmpty()) {
      throw new InvalidConflistException(
          problems.stream()
              .map(problem -> file + ": " + problem + "; correct the file, or remove it")
              .toList());
    }
    return read(text);
  }

  /** The one that comes with millpond. */
  public static Conflist builtIn() {
    try (InputStream in = Conflist.class.getResourceAsStream(NAME)) {
      if (in == null) {
        throw new IllegalStateException(NAME + " is missing from this build");
      }
      return read(new String(in.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Conflist read(String text) {
    if (tree(text) instanceof ObjectNode object) {
      return new Conflist(object);
    }
    throw new IllegalArgumentException("not a JSON object");
  }

  /** Null if the text is no JSON. */
  private static @org.jspecify.annotations.Nullable JsonNode tree(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  /** As it is written, with the mark. */
  byte[] octets() {
    ObjectNode marked = document.deepCopy();
    marked.put(MARK, hash(document));
    try {
      return (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(marked) + "\n")
          .getBytes(UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether that file says the same, whoever wrote it. */
  boolean equalTo(byte[] file) {
    return tree(new String(file, UTF_8)) instanceof ObjectNode other
        && new Conflist(other).document.equals(document);
  }

  /** Whether millpond wrote that file, in any version, and nobody has changed it since. */
  static boolean ours(byte[] file) {
    if (!(tree(new String(file, UTF_8)) instanceof ObjectNode object)) {
      return false;
    }
    String mark = object.path(MARK).asText();
    return mark.equals(hash(new Conflist(object).document));
  }

  private static String hash(ObjectNode document) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(document.toString().getBytes(UTF_8));
      return HexFormat.of().formatHex(hash, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
