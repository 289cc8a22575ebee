package io.millpond.linux.unix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class CapabilitiesTest {
  private static Capabilities status(String permitted, String bounding, int noNewPrivileges) {
    return Capabilities.parse(
        List.of(
            "Name:\tjava",
            "CapInh:\t0000000000000000",
            "CapPrm:\t" + permitted,
            "CapEff:\t" + permitted,
            "CapBnd:\t" + bounding,
            "NoNewPrivs:\t" + noNewPrivileges));
  }

  @Test
  void whatTheLauncherKeepsIsEnoughAndNotTooMuch() {
    Capabilities kept = status("0000000000283000", "0000000000283000", 1);

    assertThat(kept.names()).containsExactly("net_admin", "net_raw", "sys_ptrace", "sys_admin");
    assertThat(kept.superfluous()).isEmpty();
    assertThat(kept.missing()).isEmpty();
    assertThat(kept.noNewPrivileges()).isTrue();
  }

  @Test
  void whatRootHasBesideIsNamed() {
    assertThat(status("000001ffffffffff", "000001ffffffffff", 0).superfluous())
        .hasSize(37)
        .contains("dac_override", "sys_module", "bpf", "checkpoint_restore")
        .doesNotContain("net_admin");
  }

  @Test
  void whatAProgramThatIsStartedCouldGetCountsToo() {
    assertThat(status("0000000000283000", "0000000000283001", 0).superfluous())
        .containsExactly("chown");
  }

  @Test
  void aCapabilityOfALaterKernelHasItsNumber() {
    assertThat(status("0000020000000000", "0", 0).names()).containsExactly("41");
  }

  @Test
  void whatDoesNotWorkForWantOfOneIsSaid() {
    assertThat(status("0000000000281000", "0", 0).missing())
        .singleElement()
        .asString()
        .contains("net_raw", "gateway");
    assertThat(status("0", "0", 0).missing()).hasSize(4);
  }

  @Test
  void aStatusThatIsNoneHasNothing() {
    assertThat(Capabilities.parse(List.of("CapPrm:\tgarbage", "")))
        .isEqualTo(new Capabilities(0, 0, false));
  }

  @Test
  void thisProcessHasAStatus() throws IOException {
    Capabilities own = Capabilities.ofThisProcess();

    assertThat(own.permitted() & ~own.bounding()).isZero();
  }
}
