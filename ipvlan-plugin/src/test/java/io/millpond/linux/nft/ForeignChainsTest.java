package io.millpond.linux.nft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Chains as {@code nft -a list chain inet fw f} prints them (nftables 1.0.6). */
final class ForeignChainsTest {
  private static final String LISTED =
      """
      table inet fw {
      \tchain f { # handle 1
      \t\ttype filter hook forward priority filter; policy drop;
      \t\tiifname "mpd*" counter packets 0 bytes 0 accept comment "millpond: what comes from pods" # handle 7
      \t\toifname "mpd*" counter packets 3 bytes 252 accept comment "millpond: what goes to pods" # handle 6
      \t\ttcp dport 22 accept comment "ssh" # handle 3
      \t\tiifname "mpd*" accept # handle 4
      \t}
      }
      """;

  @Test
  void onlyOurRulesAreDeletedByTheirHandles() {
    assertThat(ForeignChains.deletions("inet fw f", LISTED))
        .isEqualTo(
            """
            delete rule inet fw f handle 7
            delete rule inet fw f handle 6
            """);
  }

  @Test
  void aChainWithoutRulesOfOursIsNotTouched() {
    assertThat(ForeignChains.deletions("inet fw f", LISTED.replace("millpond: what", "ours: what")))
        .isEmpty();
  }
}
