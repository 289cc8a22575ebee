package io.millpond.linux.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.value.PoolName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EniMarkTest {
  @Test
  void aMarkIsReadAsItWasWritten() {
    String mark = EniMark.format(new PoolName("storage-1"));
    assertThat(mark).isEqualTo("mpe1 p=storage-1");
    assertThat(EniMark.is(mark)).isTrue();
    assertThat(EniMark.parse(mark)).contains(new PoolName("storage-1"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mpe2 p=storage", "mpe1 p=", "mpe1 p=a b", "mpe1 p=a x=y", "mpe1 p=subnet-"})
  void aMarkThatThisVersionCannotReadIsOneAllTheSame(String mark) {
    assertThat(EniMark.is(mark)).isTrue();
    assertThat(EniMark.parse(mark)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "mpe", "mpe1", "uplink", "mp1 k=abc"})
  void anAliasOfSomeoneElseIsNone(String alias) {
    assertThat(EniMark.is(alias)).isFalse();
  }
}
