package io.millpond.linux.nft;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Other programs' base chains that drop what is forwarded: by their policy, or because their last
 * rule drops or rejects whatever comes so far. An accept in a chain of ours does not help against
 * them, so each gets two rules of ours at its head, one for what comes from pod veths and one for
 * what goes to them. What stands before these rules later was put there on purpose and is left
 * alone; a chain that only jumps to another one that drops is not recognised.
 *
 * <p>Every method runs on a thread in the node's namespace.
 */
public final class ForeignChains {
  private static final Pattern TABLE = Pattern.compile("table (ip|inet) (\\S+) \\{.*");
  private static final Pattern CHAIN = Pattern.compile("\\s+chain (\\S+) \\{.*");

  /** A rule with a comment, listed with its handle. */
  private static final Pattern HANDLE =
      Pattern.compile("\\s+.* comment \"([^\"]*)\" # handle (\\d+)");

  private static final Pattern HOOK = Pattern.compile("\\s+type filter hook forward .*");

  /** What decides nothing may stand in a rule that matches everything. */
  private static final Pattern SILENT =
      Pattern.compile(
          "counter( packets \\d+ bytes \\d+)?|log( (prefix \"[^\"]*\"|level \\w+|flags \\w+|group \\d+))*"
              + "|comment \"[^\"]*\"|xt target \"N?F?LOG\"");

  private static final Pattern REFUSES =
      Pattern.compile("drop|reject( with .*)?|xt target \"REJECT\"");

  private static final List<Rule> RULES =
      List.of(
          new Rule("oifname \"mpd*\"", "millpond: what goes to pods"),
          new Rule("iifname \"mpd*\"", "millpond: what comes from pods"));

  private ForeignChains() {}

  private record Rule(String match, String comment) {
    String text() {
      return "%s counter accept comment \"%s\"".formatted(match, comment);
    }
  }

  /**
   * A base chain at the hook.
   *
   * @param name family, table and chain, as nft wants them
   */
  record Chain(String name, boolean dropsByPolicy) {}

  /**
   * Adds our rules where they are missing.
   *
   * @param repairs gets a sentence for each chain that was changed
   * @param findings gets a sentence for each chain that could not be
   * @throws IOException if nf_tables does not answer
   */
  public static void accept(List<String> repairs, List<String> findings) throws IOException {
    for (Chain chain : chains(Nft.run("list chains"))) {
      try {
        String text = Nft.run("list chain " + chain.name());
        List<Rule> missing =
            RULES.stream().filter(rule -> !text.contains('"' + rule.comment() + '"')).toList();
        if (!missing.isEmpty() && (chain.dropsByPolicy() || endsInRefusal(text))) {
          StringBuilder commands = new StringBuilder();
          missing.forEach(
              rule -> commands.append("insert rule %s %s\n".formatted(chain.name(), rule.text())));
          Nft.run(commands.toString());
          repairs.add(
              "the chain %s drops what is forwarded and got a rule that accepts pods (mpd*)"
                  .formatted(chain.name()));
        }
      } catch (IOException e) {
        if (chains(Nft.run("list chains")).contains(chain)) {
          findings.add(
              "the chain %s drops what is forwarded and cannot be changed (%s): pods do not reach services and the internet; let its owner accept the interfaces mpd* in both directions"
                  .formatted(chain.name(), e.getMessage()));
        }
      }
    }
  }

  /**
   * Removes our rules wherever they are.
   *
   * @return a sentence for each chain that had some
   * @throws IOException if nf_tables does not answer, or a chain cannot be changed
   */
  public static List<String> remove() throws IOException {
    List<String> removed = new ArrayList<>();
    for (Chain chain : chains(Nft.run("list chains"))) {
      String commands = deletions(chain.name(), Nft.runWithHandles("list chain " + chain.name()));
      if (!commands.isEmpty()) {
        Nft.run(commands);
        removed.add("the rules in the chain " + chain.name() + " that accept pods (mpd*)");
      }
    }
    return removed;
  }

  /** The commands that delete our rules of a chain that was listed with handles. */
  static String deletions(String chain, String listed) {
    StringBuilder commands = new StringBuilder();
    for (String line : listed.lines().toList()) {
      Matcher handle = HANDLE.matcher(line);
      if (handle.matches()
          && RULES.stream().anyMatch(rule -> rule.comment().equals(handle.group(1)))) {
        commands.append("delete rule %s handle %s\n".formatted(chain, handle.group(2)));
      }
    }
    return commands.toString();
  }

  static List<Chain> chains(String listed) {
    List<Chain> found = new ArrayList<>();
    String table = "";
    String chain = "";
    for (String line : listed.lines().toList()) {
      Matcher inTable = TABLE.matcher(line);
      Matcher inChain = CHAIN.matcher(line);
      if (line.startsWith("table ")) {
        table = inTable.matches() ? inTable.group(1) + " " + inTable.group(2) : "";
      } else if (inChain.matches()) {
        chain = inChain.group(1);
      } else if (!table.isEmpty()
          && !table.equals("inet millpond")
          && HOOK.matcher(line).matches()) {
        found.add(new Chain(table + " " + chain, line.contains("policy drop;")));
      }
    }
    return found;
  }

  /** Whether the last rule of a listed chain refuses whatever reaches it. */
  static boolean endsInRefusal(String listed) {
    List<String> rules =
        listed
            .lines()
            .filter(line -> line.startsWith("\t\t"))
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("type ") && !line.startsWith("#"))
            .toList();
    return !rules.isEmpty()
        && REFUSES
            .matcher(SILENT.matcher(rules.getLast()).replaceAll(" ").strip().replaceAll(" +", " "))
            .matches();
  }
}
