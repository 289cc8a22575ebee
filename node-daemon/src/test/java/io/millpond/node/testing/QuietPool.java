package io.millpond.node.testing;

import io.millpond.node.cloud.EniPlaces;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.EniPlace;
import io.millpond.node.kernel.KernelView;
import io.millpond.node.life.KernelCare;
import io.millpond.node.life.Rehearsals;
import io.millpond.node.pods.Attachments;
import io.millpond.node.pods.HealPods;
import io.millpond.node.pods.KeyLanes;
import io.millpond.node.settings.Settings;
import io.millpond.node.warm.WarmPool;
import io.millpond.pool.CloudView;
import io.millpond.pool.PoolEvent;
import io.millpond.pool.PoolLimits;
import io.millpond.pool.PoolPolicy;
import io.millpond.pool.PoolState;
import io.millpond.pool.value.BootTime;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PodDemands;
import io.millpond.pool.value.Prefix;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * A node whose pool stands still: pods on the primary ENI, and what looks after them, one round
 * after the other as the test asks. No thread runs.
 */
public final class QuietPool {
  private static final EniPlace ENI =
      new EniPlace(
          new EniId("eni-00000000000000001"),
          DeviceIndex.PRIMARY,
          MacAddress.parse("02:00:00:00:00:01"),
          IpAddress.parse("10.0.1.10"),
          Prefix.parse("10.0.1.0/24"));

  public final ModelKernel kernel = new ModelKernel(new ManualClock());
  public final Metrics metrics = new Metrics();
  public final KeyLanes lanes = new KeyLanes();
  private final ModelDatapath datapath = kernel.datapath();
  private final List<KernelView.Seen> pods = new ArrayList<>();
  private final HealPods healPods;
  private final KernelCare care;

  /** With pods p0, p1 and so on, in namespaces 0, 1 and so on. */
  public QuietPool(int podCount) {
    Attachments attachments = new Attachments(ModelKernel::linkName);
    EniPlaces places = new EniPlaces();
    places.add(ENI);
    Set<IpAddress> addresses = new TreeSet<>();
    List<PoolEvent.Held> held = new ArrayList<>();
    for (int i = 0; i < podCount; i++) {
      IpAddress address = ENI.subnet().address().plus(20 + i);
      KernelView.Seen pod =
          new KernelView.Seen(
              ModelKernel.linkName(TestNode.key("p" + i)),
              TestNode.key("p" + i),
              address,
              i,
              "default/p" + i,
              true,
              PodDemands.NONE);
      addresses.add(address);
      held.add(new PoolEvent.Held(pod.key(), address, ENI.id()));
      pods.add(pod);
      attachments.found(pod);
    }
    CloudView view =
        new CloudView(
            true, List.of(new CloudView.Eni(ENI.id(), ENI.device(), addresses)), Set.of());
    PoolState state =
        PoolState.empty(new PoolLimits(1, 50), "run")
            .apply(new PoolEvent.Started(view, held, Map.of(), BootTime.BOOT, kernel.clock.get()));
    PoolPolicy policy =
        new PoolPolicy(
            1,
            OptionalInt.empty(),
            OptionalInt.empty(),
            1,
            50,
            true,
            Duration.ofSeconds(30),
            Duration.ofMinutes(3));
    WarmPool pool = new WarmPool(state, policy, kernel.clock, (_, _) -> {});
    healPods =
        new HealPods(pool, datapath, places, attachments, lanes, Settings.defaults(), metrics);
    care =
        new KernelCare(
            datapath,
            new Rehearsals(datapath),
            places,
            attachments,
            lanes,
            pool,
            healPods,
            metrics,
            Duration.ofSeconds(30));
  }

  /** One round of healing pods: what cannot be put right. */
  public List<String> heal() throws InterruptedException {
    return healPods.look(
        new KernelView(pods.stream().map(this::now).toList(), List.of(), Map.of(), Map.of()));
  }

  private KernelView.Seen now(KernelView.Seen pod) {
    return new KernelView.Seen(
        pod.hostLink(),
        pod.key(),
        pod.address(),
        pod.netnsInode(),
        pod.pod(),
        !kernel.damageOf(pod.netnsInode()).contains(ModelKernel.POD_END_DOWN),
        pod.demands());
  }

  /** What looks after the node's kernel. */
  public KernelCare care() {
    return care;
  }
}
