package io.millpond.node.kernel;

import static io.millpond.node.kernel.Ip.ip;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.datapath.KernelLedger;
import io.millpond.pool.value.DeviceIndex;
import io.millpond.pool.value.EniId;
import io.millpond.pool.value.IpAddress;
import io.millpond.pool.value.MacAddress;
import io.millpond.pool.value.PoolName;
import io.millpond.pool.value.Prefix;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The links of ENIs in the machine's own namespace; needs root, but no IPvlan. */
@Tag("vm")
class LinuxEnisVmTest {
  private static final EniId ID = new EniId("eni-00000000000000001");
  private static final EniPlace PLACE =
      new EniPlace(
          ID,
          DeviceIndex.PRIMARY,
          MacAddress.parse("02:00:00:00:00:71"),
          IpAddress.parse("10.0.1.10"),
          Prefix.parse("10.0.1.0/24"));

  private final LinuxEnis enis = new LinuxEnis(1500);

  @BeforeEach
  void plugIn() throws Exception {
    ip("link add mpnotest address 02:00:00:00:00:71 type veth peer name mpnopeer");
  }

  @AfterEach
  void unplug() throws Exception {
    ip("link del mpnotest");
  }

  /** Of the primary one nothing has to be remembered. */
  @Test
  void theKernelRemembersWhoseAddressesAnEniHas() throws Exception {
    PoolName storage = new PoolName("storage");
    assertThat(enis.bringUp(PLACE.in(storage))).isPresent();
    assertThat(KernelLedger.look().enis()).doesNotContainKey(PLACE.mac());

    EniPlace second =
        new EniPlace(ID, DeviceIndex.of(1), PLACE.mac(), PLACE.primary(), PLACE.subnet(), storage);
    assertThat(enis.bringUp(second)).isPresent();
    assertThat(KernelLedger.look().enis()).containsEntry(PLACE.mac(), Optional.of(storage));
    assertThat(enis.bringUp(second.in(PoolName.DEFAULT))).isPresent();
    assertThat(KernelLedger.look().enis())
        .containsEntry(PLACE.mac(), Optional.of(PoolName.DEFAULT));

    alias("mpe2 p=storage as=newer");
    assertThat(KernelLedger.look().enis()).containsEntry(PLACE.mac(), Optional.empty());
    alias("an administrator's own");
    assertThat(KernelLedger.look().enis()).doesNotContainKey(PLACE.mac());
  }

  private static void alias(String text) throws Exception {
    Process set = new ProcessBuilder("ip", "link", "set", "mpnotest", "alias", text).start();
    assertThat(set.waitFor()).isZero();
  }

  @Test
  void anEniThatLeftThePoolIsForgottenAndOneThatIsNotYetInItIsNot() throws Exception {
    assertThat(enis.bringUp(PLACE)).isPresent();
    enis.pool(Set.of());
    assertThat(enis.known()).as("on its way into the pool").containsExactly(ID);
    enis.pool(Set.of(ID));
    assertThat(enis.known()).containsExactly(ID);
    enis.pool(Set.of());
    assertThat(enis.known()).as("released").isEmpty();
  }
}
