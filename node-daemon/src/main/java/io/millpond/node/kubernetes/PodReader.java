package io.millpond.node.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Reads pods out of an answer while it comes: what is not needed of an object is passed over and
 * never kept, however large it is. For one thread.
 */
final class PodReader implements AutoCloseable {
  /** More than etcd stores of an object (1.5 MiB) and than its JSON adds to that. */
  static final long LARGEST_OBJECT = 8L << 20;

  /** The annotation of a static pod's mirror; its value is the static pod's uid. */
  private static final String MIRROR = "kubernetes.io/config.mirror";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(64 << 10)
                  .maxNameLength(64 << 10)
                  .maxNestingDepth(200)
                  .build())
          .build();

  private final BodyStream body;
  private final JsonParser json;

  /** An event of a watch: {@code ADDED}, {@code MODIFIED}, {@code DELETED}, … */
  record Event(String type, PodSeen object) {}

  /**
   * What a page of a list says beside its pods.
   *
   * @param next the token of the next page, empty on the last
   */
  record Page(String resourceVersion, String next) {}

  PodReader(BodyStream body) throws IOException {
    this.body = body;
    this.json = JSON.createParser(body);
  }

  /**
   * The next event of a watch; null at the answer's end.
   *
   * @throws IOException if there is something else, or half an event
   */
  @org.jspecify.annotations.Nullable
  Event event() throws IOException {
    body.allow(LARGEST_OBJECT);
    JsonToken first = json.nextToken();
    if (first == null) {
      return null;
    }
    must(first == JsonToken.START_OBJECT, "an event of a watch");
    String type = "";
    PodFields pod = new PodFields();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      switch (field()) {
        case "type" -> type = text();
        case "object" -> pod.read(json);
        default -> json.skipChildren();
      }
    }
    must(!type.isEmpty(), "an event's type");
    return new Event(type, pod.seen());
  }

  /**
   * A page of a list.
   *
   * @param pods gets one after the other
   */
  Page page(Consumer<PodSeen> pods) throws IOException {
    body.allow(LARGEST_OBJECT);
    must(json.nextToken() == JsonToken.START_OBJECT, "a list of pods");
    String version = "";
    String next = "";
    boolean items = false;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      switch (field()) {
        case "metadata" -> {
          must(json.currentToken() == JsonToken.START_OBJECT, "a list's metadata");
          while (json.nextToken() != JsonToken.END_OBJECT) {
            switch (field()) {
              case "resourceVersion" -> version = text();
              case "continue" -> next = text();
              default -> json.skipChildren();
            }
          }
        }
        case "items" -> {
          items = true;
          items(pods);
        }
        default -> json.skipChildren();
      }
    }
    must(items && !version.isEmpty(), "a list with items and a resourceVersion");
    return new Page(version, next);
  }

  private void items(Consumer<PodSeen> pods) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    must(json.currentToken() == JsonToken.START_ARRAY, "a list's items");
    while (json.nextToken() != JsonToken.END_ARRAY) {
      body.allow(LARGEST_OBJECT);
      must(json.currentToken() == JsonToken.START_OBJECT, "a pod");
      PodFields pod = new PodFields();
      pod.read(json);
      pods.accept(pod.seen());
    }
  }

  /** The name of the field before the parser, which moves on to its value. */
  private String field() throws IOException {
    return field(json);
  }

  private static String field(JsonParser json) throws IOException {
    must(json.currentToken() == JsonToken.FIELD_NAME, "an object's field");
    String name = json.currentName();
    json.nextToken();
    return name;
  }

  private String text() throws IOException {
    return text(json);
  }

  private static String text(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_STRING) {
      return json.getText();
    }
    json.skipChildren();
    return "";
  }

  private static void must(boolean condition, String what) throws IOException {
    if (!condition) {
      throw new IOException("the API server's answer is not " + what);
    }
  }

  @Override
  public void close() throws IOException {
    json.close();
  }

  /** Collects a pod's fields. */
  private static final class PodFields {
    private String uid = "";
    private String namespace = "";
    private String name = "";
    private String mirrors = "";
    private String resourceVersion = "";
    private String nodeName = "";
    private boolean hostNetwork;
    private boolean deleting;
    private String phase = "";
    private String podIp = "";
    private int code;
    private String message = "";

    PodSeen seen() {
      return new PodSeen(
          uid,
          namespace,
          name,
          mirrors,
          resourceVersion,
          nodeName,
          hostNetwork,
          deleting,
          phase,
          podIp,
          code,
          message);
    }

    private interface Field {
      void read(String name) throws IOException;
    }

    private static void object(JsonParser json, Field field) throws IOException {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        json.skipChildren();
        return;
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        field.read(field(json));
      }
    }

    void read(JsonParser json) throws IOException {
      object(
          json,
          part -> {
            switch (part) {
              case "metadata" -> object(json, name -> metadata(json, name));
              case "spec" -> object(json, name -> spec(json, name));
              case "status" -> object(json, name -> status(json, name));
              case "code" -> code = json.getValueAsInt();
              case "message" -> message = text(json);
              default -> json.skipChildren();
            }
          });
    }

    private void metadata(JsonParser json, String field) throws IOException {
      switch (field) {
        case "uid" -> uid = text(json);
        case "namespace" -> namespace = text(json);
        case "name" -> name = text(json);
        case "resourceVersion" -> resourceVersion = text(json);
        case "deletionTimestamp" -> deleting = !text(json).isEmpty();
        case "annotations" ->
            object(
                json,
                key -> {
                  if (key.equals(MIRROR)) {
                    mirrors = text(json);
                  } else {
                    json.skipChildren();
                  }
                });
        default -> json.skipChildren();
      }
    }

    private void spec(JsonParser json, String field) throws IOException {
      switch (field) {
        case "nodeName" -> nodeName = text(json);
        case "hostNetwork" -> hostNetwork = json.getValueAsBoolean();
        default -> json.skipChildren();
      }
    }

    private void status(JsonParser json, String field) throws IOException {
      switch (field) {
        case "phase" -> phase = text(json);
        case "podIP" -> podIp = text(json);
        default -> json.skipChildren();
      }
    }
  }
}
