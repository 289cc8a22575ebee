package io.millpond.simulator;

import static io.millpond.simulator.Aws.NODE;
import static io.millpond.simulator.Aws.SUBNET_A;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millpond.simulator.SimulatorConfig.InstanceConfig;
import io.millpond.simulator.fabric.Fabric;
import io.millpond.simulator.fabric.FabricException;
import io.millpond.simulator.model.Instance;
import io.millpond.simulator.model.InstanceState;
import io.millpond.simulator.model.NetworkInterface;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.Ec2Client;

class FabricCallsTest {
  private final RecordingFabric fabric = new RecordingFabric();
  private final Simulator simulator =
      Simulator.start(
          SimulatorConfig.standard()
              .withHosts(List.of())
              .withInstances(SimulatorConfig.standard().instances().subList(0, 1)),
          fabric);
  private final Ec2Client ec2 = Aws.client(simulator, "AKIATEST", b -> {});

  @AfterEach
  void stop() {
    ec2.close();
    simulator.close();
  }

  @Test
  void anInstanceComesWithItsPrimaryInterface() {
    String primary = simulator.interfaces().getFirst().id();

    assertThat(fabric.calls).containsExactly("started node-a", "attach " + primary + " at 0");
  }

  @Test
  void aLinkAppearsAfterTheDelayAndVanishesAfterTheOther() {
    simulator.conditions().adjust(s -> s.withAttachMillis(400));
    String eni = create();
    long begin = System.nanoTime();
    String attachment =
        ec2.attachNetworkInterface(r -> r.networkInterfaceId(eni).instanceId(NODE).deviceIndex(1))
            .attachmentId();
    assertThat(fabric.calls).doesNotContain("attach " + eni + " at 1");

    await().until(() -> attached(eni));
    assertThat(System.nanoTime() - begin).isGreaterThan(390_000_000L);
    assertThat(fabric.calls).contains("attach " + eni + " at 1");

    ec2.detachNetworkInterface(r -> r.attachmentId(attachment));
    await().until(() -> fabric.calls.contains("detach " + eni));
  }

  @Test
  void anAssignmentIsAnsweredWhenTheFabricDelivers() {
    String primary = simulator.interfaces().getFirst().id();

    ec2.assignPrivateIpAddresses(
        r -> r.networkInterfaceId(primary).secondaryPrivateIpAddressCount(2));
    assertThat(fabric.calls.getLast()).isEqualTo("addresses " + primary + " 3");

    String last = simulator.interfaces().getFirst().addresses().getLast().toString();
    ec2.unassignPrivateIpAddresses(r -> r.networkInterfaceId(primary).privateIpAddresses(last));
    assertThat(fabric.calls.getLast()).isEqualTo("addresses " + primary + " 2");
  }

  @Test
  void theFabricLearnsThatTheSourceCheckIsSwitchedOff() {
    String primary = simulator.interfaces().getFirst().id();

    ec2.modifyNetworkInterfaceAttribute(
        r -> r.networkInterfaceId(primary).sourceDestCheck(c -> c.value(false)));

    assertThat(fabric.calls.getLast()).isEqualTo("addresses " + primary + " 1 unchecked");
  }

  @Test
  void whatChangesWhileALinkIsBeingMadeReachesTheFabric() {
    fabric.holdAttach = new CountDownLatch(1);
    String eni = create();
    ec2.attachNetworkInterface(r -> r.networkInterfaceId(eni).instanceId(NODE).deviceIndex(1));
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<?> assign =
          thread.submit(
              () ->
                  ec2.assignPrivateIpAddresses(
                      r -> r.networkInterfaceId(eni).secondaryPrivateIpAddressCount(1)));
      await()
          .until(
              () ->
                  simulator.interfaces().stream()
                      .anyMatch(e -> e.id().equals(eni) && e.addresses().size() == 2));
      assertThat(assign).isNotDone();
      fabric.holdAttach.countDown();
      await().until(assign::isDone);
    }

    assertThat(fabric.calls.getLast()).isEqualTo("addresses " + eni + " 2");
  }

  @Test
  void anInstanceGoesAfterItsInterfaces() {
    String primary = simulator.interfaces().getFirst().id();

    simulator.terminate("node-a");
    await().until(() -> simulator.instance(NODE).state() == InstanceState.TERMINATED);

    assertThat(fabric.calls).endsWith("detach " + primary, "terminated node-a");
  }

  @Test
  void aRebootMakesTheInstanceAnewWithTheInterfacesItHas() {
    String primary = simulator.interfaces().getFirst().id();
    String eni = create();
    ec2.attachNetworkInterface(r -> r.networkInterfaceId(eni).instanceId(NODE).deviceIndex(1));
    await().until(() -> attached(eni));
    List<NetworkInterface> before = simulator.interfaces();
    fabric.calls.clear();

    simulator.reboot("node-a");

    assertThat(fabric.calls)
        .containsExactly(
            "detach " + primary,
            "detach " + eni,
            "terminated node-a",
            "started node-a",
            "attach " + primary + " at 0",
            "attach " + eni + " at 1");
    assertThat(simulator.interfaces()).isEqualTo(before);
    assertThat(simulator.instance(NODE).state()).isEqualTo(InstanceState.RUNNING);
  }

  @Test
  void theFabricIsCalledByOneThreadAndItsFailuresAreShown() {
    fabric.failing = true;
    String eni = create();
    ec2.attachNetworkInterface(r -> r.networkInterfaceId(eni).instanceId(NODE).deviceIndex(1));
    await().until(() -> fabric.calls.contains("attach " + eni + " at 1"));
    fabric.failing = false;

    ec2.assignPrivateIpAddresses(
        r ->
            r.networkInterfaceId(simulator.interfaces().getFirst().id())
                .secondaryPrivateIpAddressCount(1));

    assertThat(fabric.threads).hasSize(1);
    assertThat(simulator.fabricFailures())
        .singleElement()
        .asString()
        .contains("attaching " + eni)
        .contains("no network today");
    assertThat(attached(eni)).isFalse();
  }

  @Test
  void anInstanceThatTheFabricCannotHaveIsNotLaunched() {
    fabric.failing = true;
    assertThatThrownBy(() -> simulator.launch(InstanceConfig.of("node-c", "t3.small", SUBNET_A)))
        .isInstanceOf(FabricException.class)
        .hasMessageContaining("node-c")
        .hasMessageContaining("no network today");
    fabric.failing = false;

    await().until(() -> simulator.interfaces().size() == 1);
  }

  @Test
  void aSimulatorWhoseInstancesTheFabricCannotHaveDoesNotStart() {
    RecordingFabric broken = new RecordingFabric();
    broken.failing = true;

    assertThatThrownBy(() -> Simulator.start(SimulatorConfig.standard(), broken))
        .isInstanceOf(FabricException.class)
        .hasMessageContaining("node-a");
    assertThat(broken.calls).endsWith("closed");
  }

  private String create() {
    return ec2.createNetworkInterface(r -> r.subnetId(SUBNET_A))
        .networkInterface()
        .networkInterfaceId();
  }

  private boolean attached(String eni) {
    return simulator.interfaces().stream()
        .filter(e -> e.id().equals(eni))
        .anyMatch(
            e ->
                e.attachment() != null
                    && e.attachment().state()
                        == io.millpond.simulator.model.Attachment.State.ATTACHED);
  }

  private static final class RecordingFabric implements Fabric {
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile CountDownLatch holdAttach = new CountDownLatch(0);
    private volatile boolean failing;

    private void called(String what) {
      threads.add(Thread.currentThread());
      calls.add(what);
      if (failing) {
        throw new FabricException("no network today");
      }
    }

    @Override
    public void instanceStarted(Instance instance) {
      called("started " + instance.netns());
    }

    @Override
    public void instanceTerminated(Instance instance) {
      called("terminated " + instance.netns());
    }

    @Override
    public void attach(Instance instance, NetworkInterface eni, int deviceIndex) {
      try {
        holdAttach.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      called("attach " + eni.id() + " at " + deviceIndex);
    }

    @Override
    public void detach(Instance instance, NetworkInterface eni) {
      called("detach " + eni.id());
    }

    @Override
    public void addressesChanged(NetworkInterface eni) {
      called(
          "addresses "
              + eni.id()
              + " "
              + eni.addresses().size()
              + (eni.sourceDestCheck() ? "" : " unchecked"));
    }

    @Override
    public SortedMap<String, SortedMap<String, Long>> counters() {
      return new TreeMap<>();
    }

    @Override
    public void close() {
      calls.add("closed");
    }
  }
}
