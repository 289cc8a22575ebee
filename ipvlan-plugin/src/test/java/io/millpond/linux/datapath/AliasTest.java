package io.millpond.linux.datapath;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.pool.value.AttachmentKey;
import io.millpond.pool.value.IpAddress;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class AliasTest {
  private static final IpAddress ADDRESS = IpAddress.parse("10.0.1.21");
  private static final AttachmentKey KEY =
      new AttachmentKey("millpond", "0123456789abcdef".repeat(4), "eth0");

  @Test
  void whatIsWrittenIsRead() {
    Alias alias = Alias.of(KEY, ADDRESS, 4_026_532_000L, "default/web-0");
    assertThat(Alias.parse(alias.format())).contains(alias);
    assertThat(alias.key()).isEqualTo(KEY);
    assertThat(Alias.parse(alias.whileBuilding().format())).contains(alias.whileBuilding());
    assertThat(Alias.parse(alias.ofSlave("1,1,0,-").format())).contains(alias.ofSlave("1,1,0,-"));
    Alias further = alias.at(new Place(7, Place.Part.FURTHER));
    assertThat(Alias.parse(further.format())).contains(further);
  }

  @Test
  void theLongestPartsFitAndOnlyThePodsNameIsCut() {
    AttachmentKey longest = new AttachmentKey("n".repeat(99), "c".repeat(99), "abcdefghijklmno");
    Alias alias =
        Alias.of(longest, IpAddress.parse("255.255.255.255"), 4_294_967_295L, "p".repeat(300))
            .at(new Place(49, Place.Part.ALONE));
    for (Alias each :
        new Alias[] {alias, alias.whileBuilding(), alias.ofSlave("1,1,1,1,0,0,1,1,1,1")}) {
      assertThat(each.format().getBytes(UTF_8)).hasSizeLessThanOrEqualTo(255);
      Alias read = Alias.parse(each.format()).orElseThrow();
      assertThat(read.isOf(longest)).isTrue();
      assertThat(read.address()).isEqualTo(alias.address());
      assertThat(read.settings()).isEqualTo(each.settings());
      assertThat(read.place()).isEqualTo(each.place());
    }
  }

  @Test
  void namesFromOutsideCannotForgeFields() {
    Alias alias = Alias.of(KEY, ADDRESS, 1, "ns/x k=aaaa 4=9.9.9.9 n=5\n");
    Alias read = Alias.parse(alias.format()).orElseThrow();
    assertThat(read.isOf(KEY)).isTrue();
    assertThat(read.address()).isEqualTo(ADDRESS);
    assertThat(read.netnsInode()).isEqualTo(1);
  }

  @Test
  void anAliasWithOctetsThatAreNeverWrittenIsNotRead() {
    String own =
        Alias.of(new AttachmentKey("millpond", "c1", "eth0"), IpAddress.parse("10.0.1.5"), 7, "")
            .format();

    assertThat(Alias.parse(own)).isPresent();
    assertThat(Alias.parse(own + "\n{}")).isEmpty();
    assertThat(Alias.parse(own + "\u0000")).isEmpty();
    assertThat(Alias.parse(own + "é")).isEmpty();
  }

  @Test
  void aliasesOfOthersAndOfANewerVersionAreNotRead() {
    assertThat(Alias.parse("")).isEmpty();
    assertThat(Alias.parse("uplink to rack 7")).isEmpty();
    assertThat(Alias.parse("mp2 k=" + "a".repeat(26) + " i=eth0 4=10.0.0.1")).isEmpty();
    assertThat(Alias.parse("mp1 k=short i=eth0 4=10.0.0.1")).isEmpty();
    assertThat(Alias.parse("mp1 k=" + "a".repeat(26) + " i=eth0 4=10.0.0.999")).isEmpty();
  }

  @Test
  void aRecordOfTheReleaseThatKnewOneAttachmentAPodIsOfTheFirstPlace() {
    String before =
        "mp1 k=" + "a".repeat(26) + " c=c1 i=eth0 4=10.0.0.1 n=7 w=millpond p=default/x";
    assertThat(Alias.parse(before).orElseThrow().place()).isEqualTo(Place.FIRST);
  }

  @Test
  void aRecordThatAPodMadeUpIsNotRead() {
    for (String madeUp :
        new String[] {"i=eth0\"};x", "i=eth0 x=50f", "i=eth0 x=1q", "i=eth0 x=f", "i=eth0 x=-1f"}) {
      assertThat(Alias.parse("mp1 k=" + "a".repeat(26) + " 4=10.0.0.1 " + madeUp))
          .as("%s", madeUp)
          .isEmpty();
    }
  }

  @Test
  void theMacsFollowFromTheHashAlone() {
    Random random = new Random(7);
    for (int i = 0; i < 1000; i++) {
      AttachmentKey key = new AttachmentKey("millpond", "c" + random.nextLong(), "eth0");
      byte[] digest = key.digest();
      byte[] host = HostVeth.hostMac(key).toBytes();
      byte[] pod = HostVeth.podMac(HostVeth.hash(key)).toBytes();
      assertThat(host[0]).isEqualTo((byte) 0xae);
      for (int octet = 0; octet < 5; octet++) {
        assertThat(host[octet + 1]).isEqualTo(digest[octet]);
        assertThat(pod[octet + 1]).isEqualTo(digest[octet + 8]);
      }
      assertThat(HostVeth.isName(HostVeth.of(key).name())).isTrue();
    }
  }
}
