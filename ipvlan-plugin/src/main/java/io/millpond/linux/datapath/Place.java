package io.millpond.linux.datapath;

import io.millpond.linux.netlink.Links.Link;
import io.millpond.linux.netlink.Routes.Route;
import io.millpond.linux.netlink.Rt;
import io.millpond.linux.netlink.Rules.Rule;
import io.millpond.linux.nft.PodRules;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.Prefix;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * An attachment's place among those of its pod. The number gives it a veth, two routing tables and
 * two rules of its own; the part says what the pod's main table has of it.
 *
 * @param number 0 to {@value #MOST} - 1; no two attachments in a namespace have the same
 */
record Place(int number, Part part) {
  /** Attachments that a pod can have. */
  static final int MOST = 50;

  /**
   * Of an attachment without a record of it, as an earlier release made them: the pod's only one.
   */
  static final Place FIRST = new Place(0, Part.DEFAULT);

  static final Prefix ANYWHERE = new Prefix(IpAddress.ofIpv4(0), 0);

  private static final String DEFAULT_NAME = "eth0";
  private static final int FIRST_TABLE = 7301;

  /** What the pod's main table has of an attachment. */
  enum Part {
    /** The pod's default network: the way to the node, to services and everywhere else. */
    DEFAULT('d'),
    /**
     * As the default network, with a metric, because no default route stood and another name than
     * {@code eth0} was asked for: if an {@code eth0} comes later, its routes come first.
     */
    ALONE('a'),
    /** Its subnet and what its own network asks for; the default network is another one. */
    FURTHER('f');

    private final char letter;

    Part(char letter) {
      this.letter = letter;
    }
  }

  Place {
    if (number < 0 || number >= MOST) {
      throw new IllegalArgumentException("an attachment's number is 0 to " + (MOST - 1));
    }
  }

  /**
   * A place for a new attachment.
   *
   * @param links of the namespace
   * @param routes of the namespace
   * @return empty if the pod has too many attachments
   */
  static Optional<Place> free(List<Link> links, Collection<Route> routes, String ifName) {
    boolean named = ifName.equals(DEFAULT_NAME);
    boolean stands =
        routes.stream()
            .filter(r -> r.table() == Rt.RT_TABLE_MAIN && r.destination().equals(ANYWHERE))
            .anyMatch(r -> !named || r.metric() == 0);
    Part part = stands ? Part.FURTHER : named ? Part.DEFAULT : Part.ALONE;
    Set<String> taken = new HashSet<>();
    for (Link link : links) {
      taken.add(link.name());
      // A slave whose veth somebody deleted still has its tables.
      link.alias().flatMap(Alias::parse).ifPresent(of -> taken.add(of.place().veth()));
    }
    for (int number = 0; number < MOST; number++) {
      Place place = new Place(number, part);
      if (!taken.contains(place.veth())) {
        return Optional.of(place);
      }
    }
    return Optional.empty();
  }

  /** Name of the pod's end of the veth. */
  String veth() {
    return "mpd" + number;
  }

  /** Packets of flows that came by the veth go out by it. */
  int vethTable() {
    return FIRST_TABLE + 2 * number;
  }

  /** Packets of flows that came by the ENI go out by it. */
  int eniTable() {
    return vethTable() + 1;
  }

  private static boolean isOurs(long table) {
    return table >= FIRST_TABLE && table < FIRST_TABLE + 2 * MOST;
  }

  /**
   * Of the routes in the main table. Two attachments may want the same destination; those of the
   * default network come first, in whichever order they were attached.
   */
  int metric() {
    return part == Part.DEFAULT ? 0 : eniTable();
  }

  /** Whether the pod's default route is this attachment's. */
  boolean leads() {
    return part != Part.FURTHER;
  }

  /**
   * The rules that lead to the tables; their priority is the table's number. Marks tell a flow that
   * came by the veth from one that came by the ENI, the source address tells attachments apart.
   * What has a further interface's address leaves by its ENI unless it came by the veth.
   */
  List<Rule> rules(IpAddress address) {
    Rule veth = Rule.from(address, vethTable()).marked(PodRules.VETH, PodRules.MASK);
    Rule eni = Rule.from(address, eniTable());
    return List.of(veth, leads() ? eni.marked(PodRules.ENI, PodRules.MASK) : eni);
  }

  /**
   * Whether a route of the pod is where the wanted one is to be. In the main table the pod may have
   * put another one there, and so may another attachment, which has another metric.
   */
  static boolean isTaken(Route wanted, Route by) {
    return by.table() == wanted.table()
        && by.destination().equals(wanted.destination())
        && (by.metric() == wanted.metric() || (wanted.metric() == 0 && !isOurs(by.metric())));
  }

  /** Whether somebody took the wanted route of the main table into a table of theirs. */
  static boolean isMoved(Route wanted, Route to) {
    return wanted.table() == Rt.RT_TABLE_MAIN
        && to.table() != Rt.RT_TABLE_MAIN
        && to.table() != Rt.RT_TABLE_LOCAL
        && !isOurs(to.table())
        && to.destination().equals(wanted.destination())
        && to.link().equals(wanted.link());
  }

  /** For a record: {@code 1f}. */
  String format() {
    return number + String.valueOf(part.letter);
  }

  /**
   * Reads a record; an empty one is of a release that knew one place.
   *
   * @throws IllegalArgumentException if it is none
   */
  static Place parse(String text) {
    if (text.isEmpty()) {
      return FIRST;
    }
    OptionalInt number = number(text.substring(0, text.length() - 1));
    for (Part part : Part.values()) {
      if (number.isPresent() && text.charAt(text.length() - 1) == part.letter) {
        return new Place(number.getAsInt(), part);
      }
    }
    throw new IllegalArgumentException("no place of an attachment: " + text);
  }

  private static OptionalInt number(String text) {
    return text.matches("[0-9]{1,2}")
        ? OptionalInt.of(Integer.parseInt(text))
        : OptionalInt.empty();
  }
}
