package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.linux.netlink.NetlinkException;
import io.millpond.linux.netlink.Rt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said when the kernel does not limit a pod's bandwidth. */
final class ShapingTest {
  private static final int ENOMEM = 12;
  private static final int EPERM = 1;
  private static final int EEXIST = 17;

  @ParameterizedTest
  @CsvSource({
    Rt.ENOENT + ", true",
    Rt.EOPNOTSUPP + ", true",
    Rt.ENODEV + ", false",
    ENOMEM + ", false",
    EPERM + ", false",
    EEXIST + ", false"
  })
  void onlyAKindThatTheKernelDoesNotKnowIsAMissingModule(int errno, boolean missing) {
    String remedy = Shaping.remedy(new NetlinkException("add clsact to link 7", errno, ""));

    assertThat(remedy.contains("modules")).isEqualTo(missing);
  }
}
