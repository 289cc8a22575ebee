package io.millpond.cni.mutants;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.cni.CniError;
import io.millpond.cni.CniException;
import io.millpond.cni.CniFrame;
import io.millpond.cni.CniRequest;
import io.millpond.cni.CniVersion;
import io.millpond.cni.PodName;
import io.millpond.cni.RequestParser;
import io.millpond.pool.value.AttachmentKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Mutants of the parser: of what a request says, and of how a wrong one is refused. */
final class ParserMutants {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Set<String> KNOWN =
      Set.of(
          "cniVersion",
          "name",
          "type",
          "args",
          "dns",
          "runtimeConfig",
          "prevResult",
          "pool",
          "subnet",
          "mtu",
          "extraRoutes",
          "capabilities",
          "ipMasq",
          "ipam",
          "disableCheck",
          "disableGC",
          "loadOnlyInlinedPlugins",
          "cniVersions");

  static final List<Mutant> ALL =
      List.of(
          new Mutant("PARSER_TAKES_ANY_VERB", 9)
              .frames(set("CNI_COMMAND", verb -> verb.toUpperCase(Locale.ROOT).strip())),
          new Mutant("PARSER_TAKES_ANY_ID", 16)
              .frames(set("CNI_CONTAINERID", id -> id.replaceAll("[^A-Za-z0-9]", "a"))),
          new Mutant("PARSER_TAKES_A_NEWLINE", 17)
              .frames(set("CNI_CONTAINERID", String::stripTrailing)),
          new Mutant("PARSER_TAKES_ANY_NAME", 20, 21)
              .frames(set("CNI_IFNAME", name -> name.replaceAll("[^a-z0-9]", "x"))),
          new Mutant("UNKNOWN_ARGUMENTS_ARE_IGNORED", 23)
              .frames(set("CNI_ARGS", text -> text.isEmpty() ? text : "IgnoreUnknown=1;" + text)),
          new Mutant("MALFORMED_PAIRS_ARE_IGNORED", 23)
              .frames(set("CNI_ARGS", ParserMutants::wellFormed)),
          new Mutant("THE_FIRST_ARGUMENT_ALONE", 24)
              .frames(set("CNI_ARGS", text -> text.replaceAll(";.*", ""))),
          new Mutant("NAMES_ARE_NEEDED", 24)
              .parser(
                  frame ->
                      frame.variables().getOrDefault("CNI_ARGS", "").contains("K8S_POD_NAME")
                          ? RequestParser.parse(frame)
                          : refuse(4)),
          new Mutant("GC_NEEDS_A_CONTAINER", 28)
              .parser(
                  frame ->
                      frame.variables().getOrDefault("CNI_CONTAINERID", "").contains("/")
                          ? refuse(4)
                          : RequestParser.parse(frame)),
          new Mutant("ANY_DEPTH", 31).frames(stdin(text -> text.replaceAll("\\[{50,}\\]*", "[]"))),
          new Mutant("WHOLE_VALUES_IN_ERRORS", 31)
              .parser(
                  frame ->
                      changed(
                          frame,
                          error ->
                              new CniError(
                                  error.cniVersion(),
                                  error.code(),
                                  error.msg() + UTF_8.decode(frame.stdin().duplicate()),
                                  error.details()))),
          new Mutant("WHAT_FOLLOWS_IS_IGNORED", 33)
              .frames(stdin(text -> text.replaceAll("\\}[^}]*$", "}"))),
          new Mutant("NO_DOCUMENT_IS_CODE_7", 33, 86).parser(codes(code -> code == 6 ? 7 : code)),
          new Mutant("NULL_IS_UNDECODABLE", 34, 86).parser(codes(code -> code == 7 ? 6 : code)),
          new Mutant("A_NAMELESS_NETWORK_IS_DEFAULT", 34)
              .frames(
                  json(
                      top -> {
                        if (top.path("name").asText("").isEmpty()) {
                          top.put("name", "default");
                        }
                      })),
          new Mutant("ANY_NETWORK_NAME", 35, 17)
              .frames(
                  json(
                      top -> {
                        if (top.path("name").isTextual()) {
                          top.put(
                              "name", top.path("name").asText().replaceAll("[^A-Za-z0-9]", "a"));
                        }
                      })),
          new Mutant("NUMBERS_ARE_NAMES", 35)
              .frames(json(top -> top.put("name", top.path("name").asText("a")))),
          new Mutant("NO_VERSION_IS_0_2_0", 36)
              .frames(
                  json(
                      top -> {
                        if (top.path("cniVersion").asText("").isEmpty()) {
                          top.put("cniVersion", "0.2.0");
                        }
                      })),
          new Mutant("A_PREFIX_OF_A_VERSION_IS_ONE", 37)
              .frames(
                  json(
                      top -> {
                        if (top.path("cniVersion").asText().equals("1.0")) {
                          top.put("cniVersion", "1.0.0");
                        }
                      })),
          new Mutant("EVERY_WRONG_VERSION_IS_CODE_1", 37)
              .parser(codes(code -> code == 6 ? 1 : code)),
          new Mutant("THE_FIRST_OF_EQUAL_KEYS_WINS", 38).frames(stdin(ParserMutants::firstWins)),
          new Mutant("KEYS_AS_THEY_ARE_SPELT", 38, 110)
              .frames(json(ParserMutants::dropOtherSpellings)),
          new Mutant("STRICT_ABOUT_RUNTIMES_KEYS", 39, 115, 116)
              .parser(refusing(top -> top.has("args") || top.has("runtimeConfig"))),
          new Mutant("ALIASES_ARE_A_LIST", 111)
              .parser(refusing(top -> top.at("/runtimeConfig/aliases").isObject())),
          new Mutant("STRICT_ABOUT_THE_LISTS_KEYS", 117)
              .parser(refusing(top -> top.has("disableCheck") || top.has("disableGC"))),
          new Mutant("UNKNOWN_KEYS_ARE_IGNORED", 40).frames(json(top -> top.retain(KNOWN))),
          new Mutant("BAD_VALUES_ARE_NOT_NAMED", 40)
              .parser(
                  frame ->
                      changed(
                          frame,
                          error -> new CniError(error.cniVersion(), error.code(), "wrong", "x"))),
          new Mutant("OLD_VERSIONS_ARE_REFUSED", 42)
              .parser(refusing(top -> top.path("cniVersion").asText().startsWith("0.1"))),
          new Mutant("EVERY_VERB_IN_EVERY_VERSION", 43).frames(json(ParserMutants::newest)),
          new Mutant("THE_LIST_SAYS_1_1_0_ALONE", 45)
              .documents(
                  text ->
                      text.replaceAll("\"cniVersions\": \\[.*?\\],", "")
                          .replace("\"cniVersion\": \"1.0.0\"", "\"cniVersion\": \"1.1.0\"")),
          new Mutant("PREVIOUS_RESULTS_ARE_IGNORED", 66, 67)
              .frames(json(top -> remove(top, "prevResult"))),
          new Mutant("PREVIOUS_RESULTS_OF_ONE_VERSION", 66)
              .parser(
                  refusing(
                      top ->
                          top.at("/prevResult/cniVersion").isTextual()
                              && !top.at("/prevResult/cniVersion").equals(top.path("cniVersion")))),
          new Mutant("DEL_JUDGES_THE_PREVIOUS_RESULT", 77, 81)
              .parser(
                  refusing(top -> top.has("prevResult") && !top.at("/prevResult/ips").isArray())),
          new Mutant("DEL_NEVER_FAILS", 86).parser(ParserMutants::delNeverFails),
          new Mutant("CHECK_WITHOUT_PREVIOUS_RESULT", 88)
              .frames(
                  json(
                      top -> {
                        if (!top.path("prevResult").isContainerNode()) {
                          top.putObject("prevResult");
                        }
                      })),
          new Mutant("ONE_KEY_OF_GC_ALONE", 95)
              .frames(json(top -> remove(top, "cni.dev/attachments"))),
          new Mutant("THE_OTHER_KEY_OF_GC_ALONE", 95)
              .frames(json(top -> remove(top, "cni.dev/valid-attachments"))),
          new Mutant("ENTRIES_ARE_NOT_LOOKED_AT", 96).parser(ParserMutants::anyList),
          new Mutant("NULL_IS_NO_LIST", 97).parser(gc(list -> list.filter(l -> !l.isEmpty()))),
          new Mutant("NO_LIST_IS_AN_EMPTY_ONE", 98)
              .parser(gc(list -> Optional.of(list.orElse(List.of())))),
          new Mutant("GC_OF_ANOTHER_NETWORK", 99)
              .parser(
                  frame ->
                      RequestParser.parse(frame) instanceof CniRequest.Gc gc
                          ? new CniRequest.Gc(gc.version(), "other", gc.valid())
                          : RequestParser.parse(frame)),
          new Mutant("CAPABILITIES_ARE_NOT_LOOKED_AT", 109)
              .frames(
                  json(
                      top ->
                          top.putObject("capabilities")
                              .put("portMappings", true)
                              .put("bandwidth", true))),
          new Mutant("ASKED_FOR_ADDRESSES_ARE_IGNORED", 112)
              .frames(
                  frame ->
                      set("CNI_ARGS", text -> text.replaceAll("IP=[^;]*", "IP="))
                          .apply(demand("ips").apply(frame))),
          new Mutant("ASKED_FOR_MAC_IS_IGNORED", 113)
              .frames(
                  frame ->
                      set("CNI_ARGS", text -> text.replaceAll("MAC=[^;]*", "MAC="))
                          .apply(demand("mac").apply(frame))),
          new Mutant("ASKED_FOR_BANDWIDTH_IS_IGNORED", 114).frames(demand("bandwidth")));

  private ParserMutants() {}

  private static CniRequest refuse(int code) throws CniException {
    throw new CniException(new CniError("1.0.0", code, "a mutant's", "a mutant's"));
  }

  private static UnaryOperator<CniFrame> set(String name, UnaryOperator<String> change) {
    return frame -> {
      Map<String, String> variables = new TreeMap<>(frame.variables());
      variables.computeIfPresent(name, (_, value) -> change.apply(value));
      return new CniFrame(variables, frame.stdin(), frame.requestName());
    };
  }

  private static UnaryOperator<CniFrame> stdin(UnaryOperator<String> change) {
    return frame ->
        new CniFrame(
            frame.variables(),
            ByteBuffer.wrap(
                change.apply(UTF_8.decode(frame.stdin().duplicate()).toString()).getBytes(UTF_8)),
            frame.requestName());
  }

  private static Optional<ObjectNode> top(CniFrame frame) {
    try {
      return Optional.ofNullable(JSON.readTree(UTF_8.decode(frame.stdin().duplicate()).toString()))
          .filter(JsonNode::isObject)
          .map(ObjectNode.class::cast);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** Changes a configuration that is one; keys that come twice count as the last. */
  private static UnaryOperator<CniFrame> json(Consumer<ObjectNode> change) {
    return frame -> {
      Optional<ObjectNode> top = top(frame);
      top.ifPresent(change);
      return top.isEmpty() ? frame : stdin(_ -> top.get().toString()).apply(frame);
    };
  }

  private static Mutant.Parser refusing(Predicate<ObjectNode> which) {
    return frame -> top(frame).filter(which).isPresent() ? refuse(2) : RequestParser.parse(frame);
  }

  private static CniRequest changed(CniFrame frame, UnaryOperator<CniError> change)
      throws CniException {
    try {
      return RequestParser.parse(frame);
    } catch (CniException e) {
      throw new CniException(change.apply(e.error()));
    }
  }

  private static Mutant.Parser codes(IntUnaryOperator change) {
    return frame ->
        changed(
            frame,
            error ->
                new CniError(
                    error.cniVersion(),
                    change.applyAsInt(error.code()),
                    error.msg(),
                    error.details()));
  }

  private static String wellFormed(String text) {
    return String.join(
        ";",
        Arrays.stream(text.split(";", -1)).filter(pair -> pair.matches("[^=]+=[^=]*")).toList());
  }

  private static void remove(ObjectNode top, String key) {
    JsonNode _ = top.remove(key);
  }

  private static String firstWins(String text) {
    Map<String, String> fields = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return text;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        String value = parser.readValueAsTree().toString();
        fields.putIfAbsent(name, value);
      }
    } catch (IOException e) {
      return text;
    }
    StringBuilder out = new StringBuilder("{");
    fields.forEach(
        (name, value) ->
            out.append(out.length() > 1 ? "," : "")
                .append('"')
                .append(name)
                .append("\":")
                .append(value));
    return out.append('}').toString();
  }

  private static void dropOtherSpellings(ObjectNode top) {
    for (String known : KNOWN) {
      for (String key : top.properties().stream().map(Map.Entry::getKey).toList()) {
        if (key.equalsIgnoreCase(known) && !key.equals(known)) {
          remove(top, key);
        }
      }
    }
  }

  private static void newest(ObjectNode top) {
    if (top.path("cniVersion").asText("").matches("0\\.3\\.1|1\\.0\\.0|")) {
      top.put("cniVersion", "1.1.0");
    }
  }

  private static CniRequest delNeverFails(CniFrame frame) throws CniException {
    try {
      return RequestParser.parse(frame);
    } catch (CniException e) {
      if (!frame.variables().getOrDefault("CNI_COMMAND", "").equals("DEL")) {
        throw e;
      }
      return new CniRequest.Del(
          CniVersion.V1_0_0, new AttachmentKey("a", "a", "a"), new PodName("", ""));
    }
  }

  private static CniRequest anyList(CniFrame frame) throws CniException {
    try {
      return RequestParser.parse(frame);
    } catch (CniException e) {
      return new CniRequest.Gc(CniVersion.V1_1_0, "millpond", Optional.of(List.of()));
    }
  }

  private static Mutant.Parser gc(UnaryOperator<Optional<List<CniRequest.Attachment>>> change) {
    return frame ->
        RequestParser.parse(frame) instanceof CniRequest.Gc gc
            ? new CniRequest.Gc(gc.version(), gc.network(), change.apply(gc.valid()))
            : RequestParser.parse(frame);
  }

  private static UnaryOperator<CniFrame> demand(String key) {
    return json(
        top -> {
          for (String where : List.of("/runtimeConfig", "/RuntimeConfig", "/args/cni")) {
            if (top.at(where) instanceof ObjectNode node) {
              remove(node, key);
            }
          }
        });
  }
}
