package io.millpond.cni.mutants;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Mutants of the process: its environment, its input, what it prints and how it exits. */
final class ProcessMutants {
  private static final int MIB = 1024 * 1024;

  private static final String KEPT =
      "[ -d \"$MILLPOND_RUN_DIR/spool\" ] || mkdir -m 700 \"$MILLPOND_RUN_DIR/spool\"; ";

  static final List<Mutant> ALL =
      List.of(
          new Mutant("VERB_FROM_THE_COMMAND_LINE", 1).starts(ProcessMutants::verbOfArguments),
          new Mutant("FAILURES_EXIT_WITH_ZERO", 2).ends((_, end) -> exiting(0, end)),
          new Mutant("FAILURES_EXIT_WITH_THE_CODE", 2)
              .ends((_, end) -> end.failed() ? exiting(7, end) : end),
          new Mutant("RESULT_TWICE", 3)
              .ends((_, end) -> end.failed() ? end : end.saying(end.out() + end.out())),
          new Mutant("SILENT_VERBS_SPEAK", 3)
              .ends(
                  (start, end) ->
                      start.is("DEL") && !end.failed() ? end.saying(end.out() + "{}\n") : end),
          new Mutant("RESULT_THEN_ERROR", 6, 4)
              .ends((_, end) -> end.failed() ? end.saying("{}\n" + end.out()) : end),
          new Mutant("ERRORS_ON_STDERR", 4, 7)
              .ends(
                  (_, end) ->
                      end.failed() ? new PluginEnd(end.status(), "", end.out() + end.err()) : end),
          new Mutant("ERRORS_WITHOUT_VERSION", 5)
              .ends((_, end) -> end.saying(end.out().replace("\"cniVersion\":\"1.0.0\",", ""))),
          new Mutant("CODES_ARE_TEXT", 5)
              .ends(
                  (_, end) ->
                      end.saying(end.out().replaceAll("\"code\":(\\d+)", "\"code\":\"$1\""))),
          new Mutant("NO_VERB_IS_AN_ERROR", 8)
              .ends((start, end) -> start.get("CNI_COMMAND").isEmpty() ? PluginEnd.error(4) : end),
          new Mutant("VERBS_IN_ANY_LETTERS", 9)
              .starts(
                  start ->
                      start.variables.computeIfPresent(
                          "CNI_COMMAND", (_, verb) -> verb.strip().toUpperCase(Locale.ROOT))),
          new Mutant("UNKNOWN_VERB_IS_CODE_999", 9)
              .ends((_, end) -> end.saying(end.out().replace("\"code\":4", "\"code\":999"))),
          new Mutant("A_CHILD_KEEPS_STDOUT", 10).starts(start -> start.shell += "sleep 4 & "),
          new Mutant("A_KILLED_DEL_IS_KEPT", 11)
              .starts(
                  start -> {
                    if (start.is("DEL")) {
                      start.shell += KEPT + "echo MPC1 > \"$MILLPOND_RUN_DIR/spool/half\"; ";
                    }
                  }),
          new Mutant("HOME_IS_NEEDED", 12)
              .starts(start -> start.shell += "[ -n \"$HOME\" ] || exit 1; "),
          new Mutant("EMPTY_IS_A_VALUE", 14)
              .starts(
                  start -> start.variables.replaceAll((_, value) -> value.isEmpty() ? "x" : value)),
          new Mutant("THE_FIRST_MISSING_ALONE", 15, 19)
              .ends(
                  (_, end) ->
                      end.saying(
                          end.out()
                              .replaceAll("(\"details\":\"CNI_[A-Z]+)( CNI_[A-Z]+)+\"", "$1\""))),
          new Mutant("ANY_CONTAINER_ID", 16, 27)
              .starts(start -> replace(start, "CNI_CONTAINERID", "[^A-Za-z0-9]", "a")),
          new Mutant("A_NEWLINE_SLIPS_THROUGH", 17, 16)
              .starts(start -> replace(start, "CNI_CONTAINERID", "\n$", "")),
          new Mutant("IDS_ARE_SHORT", 18)
              .starts(start -> replace(start, "CNI_CONTAINERID", "^.{256,}$", "-")),
          new Mutant("DEL_NEEDS_THE_NAMESPACE", 19, 76)
              .ends(
                  (start, end) ->
                      start.is("DEL") && !start.get("CNI_NETNS").startsWith("/proc/self/ns/net")
                          ? PluginEnd.error(4)
                          : end),
          new Mutant("ADD_NEEDS_NO_NAMESPACE", 19)
              .starts(start -> start.variables.putIfAbsent("CNI_NETNS", "/proc/self/ns/net")),
          new Mutant("LONG_NAMES_ARE_CUT", 20)
              .starts(start -> replace(start, "CNI_IFNAME", "^(.{15}).+$", "$1")),
          new Mutant("SPACES_IN_NAMES", 20)
              .starts(start -> replace(start, "CNI_IFNAME", "\\s", "x")),
          new Mutant("TEMPLATES_AS_NAMES", 21)
              .starts(start -> replace(start, "CNI_IFNAME", "%", "x")),
          new Mutant("THE_PATH_IS_NEEDED", 22)
              .ends(
                  (start, end) ->
                      start.is("ADD") && start.get("CNI_PATH").isEmpty()
                          ? PluginEnd.error(4)
                          : end),
          new Mutant("ANY_TEXT_OVERRIDES", 25)
              .starts(start -> replace(start, "CNI_NETNS_OVERRIDE", "^.+$", "1")),
          new Mutant("TRUE_IN_SMALL_LETTERS_ALONE", 25)
              .starts(start -> replace(start, "CNI_NETNS_OVERRIDE", "TRUE", "0")),
          new Mutant("OWN_NAMESPACE_IS_TAKEN", 26)
              .starts(start -> start.variables.put("CNI_NETNS_OVERRIDE", "1")),
          new Mutant("OWN_NAMESPACE_IS_SEEN_LATE", 26)
              .starts(start -> start.shell += "mkdir -p \"$MILLPOND_RUN_DIR\"; "),
          new Mutant("MISSING_BEFORE_INVALID", 27)
              .starts(
                  start -> {
                    if (!start.variables.containsKey("CNI_NETNS")) {
                      start.variables.remove("CNI_CONTAINERID");
                      start.variables.remove("CNI_IFNAME");
                    }
                  }),
          new Mutant("GC_LOOKS_AT_THE_CONTAINER", 28)
              .ends(
                  (start, end) ->
                      start.is("GC", "STATUS", "VERSION")
                              && !start.get("CNI_CONTAINERID").matches("[a-z0-9]*")
                          ? PluginEnd.error(4)
                          : end),
          new Mutant("TRACES_DISTURB", 29)
              .starts(
                  start -> {
                    if (start.variables.containsKey("TRACEPARENT")) {
                      start.variables.remove("CNI_ARGS");
                    }
                  }),
          new Mutant("ONE_READ_OF_STDIN", 30)
              .starts(
                  start -> {
                    start.stdin = Arrays.copyOf(start.stdin, Math.min(3, start.stdin.length));
                    start.stdinStaysOpen = false;
                  }),
          new Mutant("STDIN_OF_ONE_MEBIBYTE", 31)
              .starts(
                  start ->
                      start.stdin = Arrays.copyOf(start.stdin, Math.min(MIB, start.stdin.length))),
          new Mutant("MORE_THAN_FOUR_MEBIBYTES", 31)
              .starts(
                  start -> {
                    start.stdinStaysOpen &= start.stdin.length <= 4 * MIB;
                    start.stdin = Arrays.copyOf(start.stdin, Math.min(4 * MIB, start.stdin.length));
                  }),
          new Mutant("VERSION_PARSES_STDIN", 32)
              .ends(
                  (start, end) ->
                      start.is("VERSION") && new String(start.stdin, UTF_8).startsWith("]")
                          ? PluginEnd.error(6)
                          : end),
          new Mutant("VERSION_ECHOES_AN_EMPTY_ONE", 41)
              .ends(
                  (_, end) ->
                      end.saying(end.out().replace("{\"cniVersion\":\"1.1.0\",\"s", "{\"s"))),
          new Mutant("SIX_VERSIONS", 42, 41)
              .ends((_, end) -> end.saying(end.out().replace("\"0.2.0\",", ""))),
          new Mutant("ONE_AT_A_TIME", 71)
              .starts(
                  start ->
                      start.shell += "exec 9> \"$MILLPOND_RUN_DIR/one\"; flock -n 9 || exit 1; "),
          new Mutant("SHORTAGE_IS_INTERNAL", 73)
              .ends((_, end) -> end.saying(end.out().replace("\"code\":11", "\"code\":999"))),
          new Mutant("BAD_NAMESPACE_IS_ENVIRONMENT", 75)
              .ends((_, end) -> end.saying(end.out().replace("\"code\":8", "\"code\":4"))),
          new Mutant("EVERY_DEL_IS_ANOTHER", 78)
              .starts(
                  start ->
                      start.stdin =
                          (new String(start.stdin, UTF_8)
                                  + " ".repeat(start.get("CNI_NETNS").length()))
                              .getBytes(UTF_8)),
          new Mutant("DELS_ARE_DROPPED", 83).ends(ProcessMutants::dropped),
          new Mutant("DEL_FAILS_WITHOUT_A_DAEMON", 83)
              .ends(
                  (start, end) ->
                      start.is("DEL") && end.err().contains("is kept") ? PluginEnd.error(11) : end),
          new Mutant("DEL_SAYS_NOT_FOUND", 84)
              .ends((_, end) -> end.saying(end.out().replace("full", "full; not found"))),
          new Mutant("STATUS_IS_ALWAYS_GOOD", 105)
              .ends((start, end) -> start.is("STATUS") ? new PluginEnd(0, "", "") : end),
          new Mutant("STATUS_TAKES_ITS_TIME", 107)
              .starts(
                  start -> {
                    if (start.is("STATUS")) {
                      start.shell += "sleep 0.5; ";
                    }
                  }));

  private ProcessMutants() {}

  private static void verbOfArguments(PluginStart start) {
    if (!start.arguments.isEmpty()) {
      start.variables.put("CNI_COMMAND", start.arguments.getFirst());
    }
  }

  private static PluginEnd exiting(int status, PluginEnd end) {
    return new PluginEnd(status, end.out(), end.err());
  }

  private static void replace(PluginStart start, String name, String pattern, String by) {
    start.variables.computeIfPresent(name, (_, value) -> value.replaceAll(pattern, by));
  }

  private static PluginEnd dropped(PluginStart start, PluginEnd end) {
    if (start.is("DEL")) {
      File[] kept = new File(start.get("MILLPOND_RUN_DIR"), "spool").listFiles();
      for (File file : kept == null ? new File[0] : kept) {
        boolean _ = file.delete();
      }
    }
    return end;
  }
}
