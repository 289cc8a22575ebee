package io.millpond.node.cleaner;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.node.cleaner.Leases.Lease;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Who has the lease, in a time that the test moves. */
class ElectionTest {
  private static final Duration MOST_WAIT =
      Election.TERM.plus(Election.SPREAD).plus(Duration.ofSeconds(1));

  /** A cluster of candidates and its API server. */
  private static final class World {
    private final Random random;
    private final PriorityQueue<Due> queue = new PriorityQueue<>(Comparator.comparing(Due::at));
    private final List<Candidate> candidates = new ArrayList<>();
    private final Set<String> cut = new HashSet<>();
    private final Set<String> forbidden = new HashSet<>();
    private @Nullable Lease lease;
    private Duration now = Duration.ZERO;
    private long version;
    private long requests;

    private record Due(Duration at, Candidate candidate) {}

    World(int nodes, long seed) {
      random = new Random(seed);
      for (int i = 0; i < nodes; i++) {
        add("node-" + i);
      }
    }

    Candidate add(String name) {
      Candidate candidate = new Candidate(this, name);
      candidates.add(candidate);
      queue.add(new Due(now.plus(candidate.election.beforeFirst()), candidate));
      return candidate;
    }

    void run(Duration time) {
      Duration end = now.plus(time);
      while (!queue.isEmpty() && queue.element().at().compareTo(end) <= 0) {
        Due due = queue.remove();
        now = due.at();
        if (due.candidate().alive) {
          Duration pause = due.candidate().election.turn();
          queue.add(new Due(now.plus(pause), due.candidate()));
        }
        assertThat(elected()).as("at %s", now).hasSizeLessThanOrEqualTo(1);
      }
      now = end;
      assertThat(elected()).hasSizeLessThanOrEqualTo(1);
    }

    List<String> elected() {
      return candidates.stream()
          .filter(candidate -> candidate.election.elected())
          .map(candidate -> candidate.name)
          .toList();
    }

    Candidate holder() {
      return candidates.stream()
          .filter(candidate -> candidate.election.elected())
          .findFirst()
          .orElseThrow();
    }
  }

  private static final class Candidate implements Leases {
    private final World world;
    private final String name;
    private final Election election;
    private boolean alive = true;

    Candidate(World world, String name) {
      this.world = world;
      this.name = name;
      this.election = new Election(this, name, () -> world.now.toNanos(), world.random::nextDouble);
    }

    private void ask() throws IOException {
      world.requests++;
      if (world.cut.contains(name)) {
        throw new IOException("no route");
      }
      if (world.forbidden.contains(name)) {
        throw new RefusedException("forbidden");
      }
    }

    @Override
    public Optional<Lease> read() throws IOException {
      ask();
      return Optional.ofNullable(world.lease);
    }

    @Override
    public boolean create(String holder) throws IOException {
      ask();
      if (world.lease != null) {
        return false;
      }
      write(holder, 0);
      return true;
    }

    @Override
    public boolean update(Lease before, String holder) throws IOException {
      ask();
      if (world.lease == null || !world.lease.version().equals(before.version())) {
        return false;
      }
      write(holder, before.transitions() + (holder.equals(before.holder()) ? 0 : 1));
      return true;
    }

    private void write(String holder, long transitions) {
      world.lease = new Lease(holder, Long.toString(++world.version), Election.TERM, transitions);
    }
  }

  @Test
  void oneOfThemHasItAndKeepsIt() {
    World world = new World(5, 1);
    world.run(MOST_WAIT);
    String holder = world.holder().name;
    world.run(Duration.ofHours(3));
    assertThat(world.elected()).containsExactly(holder);
    assertThat(world.lease).extracting(Lease::transitions).isEqualTo(0L);
  }

  @Test
  void whenItsHolderDiesAnotherHasItAfterItsTerm() {
    World world = new World(5, 2);
    world.run(MOST_WAIT);
    Candidate first = world.holder();
    first.alive = false;
    world.run(Election.TERM.minus(Election.MARGIN).plusSeconds(1));
    assertThat(world.elected()).as("who is cut off knows that its term has ended").isEmpty();
    world.run(MOST_WAIT.multipliedBy(2));
    assertThat(world.elected()).hasSize(1).doesNotContain(first.name);
  }

  @Test
  void aHolderThatIsCutOffStopsBeforeAnotherBegins() {
    World world = new World(3, 3);
    world.run(MOST_WAIT);
    Candidate first = world.holder();
    world.cut.add(first.name);
    // Every second is looked at by run: never two.
    for (int second = 0; second < 900; second++) {
      world.run(Duration.ofSeconds(1));
    }
    assertThat(world.elected()).hasSize(1).doesNotContain(first.name);
    world.cut.clear();
    world.run(Duration.ofHours(1));
    assertThat(first.election.elected()).isFalse();
  }

  @Test
  void whoGivesItUpLeavesItToTheNextWhoLooks() {
    World world = new World(40, 4);
    world.run(MOST_WAIT);
    Candidate first = world.holder();
    first.election.resign();
    first.alive = false;
    assertThat(world.elected()).isEmpty();
    world.run(Duration.ofSeconds(60));
    assertThat(world.elected()).hasSize(1);
  }

  /** What somebody else's clock says does not count: only that nothing changes. */
  @Test
  void aLeaseThatIsRenewedIsNeverTaken() {
    World world = new World(1, 5);
    world.run(MOST_WAIT);
    Candidate candidate = world.candidates.getFirst();
    candidate.alive = false;
    Candidate late = world.add("late");
    for (int i = 0; i < 60; i++) {
      candidate.write("node-0", 0); // renewed by somebody whose turns the test takes
      world.run(Duration.ofSeconds(30));
      assertThat(late.election.elected()).isFalse();
    }
  }

  @Test
  void aServerThatRefusesIsAFindingAndOneThatIsAwayIsNone() {
    World world = new World(1, 6);
    Candidate candidate = world.candidates.getFirst();
    world.cut.add("node-0");
    world.run(MOST_WAIT);
    assertThat(candidate.election.refusal()).isEmpty();
    world.forbidden.add("node-0");
    world.cut.clear();
    world.run(MOST_WAIT.multipliedBy(2));
    assertThat(candidate.election.refusal()).contains("forbidden");
    world.forbidden.clear();
    world.run(MOST_WAIT.multipliedBy(2));
    assertThat(candidate.election.refusal()).isEmpty();
    assertThat(candidate.election.elected()).isTrue();
  }

  /** Two thousand nodes ask less than ten times a second, in the steady state and at the start. */
  @Test
  void aLargeClusterDoesNotHerd() {
    World world = new World(2000, 7);
    for (int minute = 0; minute < 60; minute++) {
      long before = world.requests;
      world.run(Duration.ofMinutes(1));
      assertThat(world.requests - before).as("minute %d", minute).isLessThan(15 * 60);
    }
    assertThat(world.requests).isLessThan(10 * 3600);
    assertThat(world.elected()).hasSize(1);
  }

  /**
   * Deaths, births and partitions at random: run() looks after each step that there are not two.
   */
  @RepeatedTest(10)
  void neverTwoWhateverHappens() {
    long seed = new Random().nextLong();
    World world = new World(6, seed);
    Random random = new Random(seed + 1);
    for (int i = 0; i < 300; i++) {
      switch (random.nextInt(5)) {
        case 0 -> world.cut.add("node-" + random.nextInt(6));
        case 1, 2 -> world.cut.clear();
        case 3 -> world.elected().stream().findFirst().ifPresent(world.cut::add);
        default -> {}
      }
      try {
        world.run(Duration.ofSeconds(random.nextInt(120)));
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    world.cut.clear();
    world.run(MOST_WAIT.multipliedBy(3));
    assertThat(world.elected()).as("seed %d", seed).hasSize(1);
  }
}
