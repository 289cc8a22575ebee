package io.millpond.node.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Single requests to the API server about small objects, as JSON; each is bounded in time (ten
 * seconds without an octet, half a minute in all) and size. Methods block; safe for any thread.
 */
public final class Requests {
  /** Whole objects. */
  static final String OBJECTS = "application/json";

  /**
   * Names, labels and annotations alone (Kubernetes, "API concepts"): a tenth of a Node. Of one
   * object, and of each event of a watch.
   */
  static final String METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

  /** The same of a list. */
  static final String METADATA_LIST =
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

  static final Duration LONGEST = Duration.ofSeconds(30);

  /** Of one answer, in octets. */
  private static final int LARGEST = 8 << 20;

  static final JsonMapper JSON = mapper();

  private final ApiServer server;

  /** To the cluster's API server. */
  public Requests(Cluster cluster) {
    this(new ApiServer(cluster));
  }

  Requests(ApiServer server) {
    this.server = server;
  }

  private static JsonMapper mapper() {
    JsonMapper mapper = new JsonMapper();
    mapper
        .getFactory()
        .setStreamReadConstraints(
            StreamReadConstraints.builder().maxNestingDepth(200).maxStringLength(2 << 20).build());
    return mapper;
  }

  /**
   * What the server said.
   *
   * @param status HTTP's: 200 to 299 is a success
   * @param body the object, or the Status that says why not; missing if it is no JSON
   * @param retryAfter how long the server asks to wait
   */
  public record Answer(int status, JsonNode body, Optional<Duration> retryAfter) {
    /** Whether it did what it was asked. */
    public boolean ok() {
      return status >= 200 && status < 300;
    }

    /** Why it did not, in one bounded line. */
    public String why() {
      String message = body.path("message").asText("").replaceAll("[^\\x20-\\x7e]+", " ");
      return "HTTP status "
          + status
          + (message.isEmpty()
              ? ""
              : ": " + (message.length() > 300 ? message.substring(0, 300) + "…" : message));
    }
  }

  /**
   * Asks for an object or a list.
   *
   * @param path such as {@code /api/v1/nodes/NAME}
   * @throws IOException if there is no answer
   */
  public Answer get(String path, Map<String, String> parameters)
      throws IOException, InterruptedException {
    return get(path, parameters, OBJECTS);
  }

  /** Asks for a list of names, labels and annotations alone. */
  public Answer metadata(String path, Map<String, String> parameters)
      throws IOException, InterruptedException {
    return get(path, parameters, METADATA_LIST);
  }

  Answer get(String path, Map<String, String> parameters, String accept)
      throws IOException, InterruptedException {
    try (ApiServer.Answer answer =
        server.get(with(path, parameters), accept, ApiServer.PATIENCE, LONGEST)) {
      answer.body().allow(LARGEST);
      return new Answer(answer.code(), read(answer.body().readAllBytes()), answer.retryAfter());
    }
  }

  /** Makes an object. */
  public Answer post(String path, JsonNode body) throws IOException, InterruptedException {
    return send("POST", path, OBJECTS, body);
  }

  /** Replaces an object; the server refuses (409) if it is not of the body's version any more. */
  public Answer put(String path, JsonNode body) throws IOException, InterruptedException {
    return send("PUT", path, OBJECTS, body);
  }

  /** Changes what the body names, null removing it (RFC 7386). */
  public Answer mergePatch(String path, JsonNode body) throws IOException, InterruptedException {
    return send("PATCH", path, "application/merge-patch+json", body);
  }

  private Answer send(String method, String path, String type, JsonNode body)
      throws IOException, InterruptedException {
    ApiServer.Reply reply = server.send(method, path, type, body.toString());
    return new Answer(reply.code(), read(reply.body()), reply.retryAfter());
  }

  /**
   * The parameters of a watch.
   *
   * @param from the resource version after which it begins
   * @param seconds after which the server ends it
   */
  static Map<String, String> watching(String from, long seconds) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("watch", "true");
    parameters.put("allowWatchBookmarks", "true");
    parameters.put("timeoutSeconds", Long.toString(seconds));
    parameters.put("resourceVersion", from);
    return parameters;
  }

  static String with(String path, Map<String, String> parameters) {
    String query =
        parameters.entrySet().stream()
            .map(
                one ->
                    one.getKey() + "=" + URLEncoder.encode(one.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    return query.isEmpty() ? path : path + "?" + query;
  }

  static JsonNode read(byte[] octets) throws IOException {
    try {
      return JSON.readTree(octets);
    } catch (JsonProcessingException e) {
      return JSON.missingNode();
    }
  }
}
