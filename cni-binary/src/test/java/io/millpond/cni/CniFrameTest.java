package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millpond.cni.CniFrame.Header;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CniFrameTest {
  /**
   * What the plugin kept in its spool, printed by {@code xxd -p -c 32}: {@code CNI_COMMAND=DEL
   * CNI_CONTAINERID=c0ffee CNI_NETNS=/run/netns/gone CNI_IFNAME=eth0
   * CNI_ARGS='IgnoreUnknown=1;K8S_POD_NAME=web' target/test/millpond <<< '{"name":"millpond"}'}
   */
  private static final byte[] OF_THE_PLUGIN =
      HexFormat.of()
          .parseHex(
              """
              4d504331000000be010000000f434e495f434f4d4d414e443d44454c01000000
              16434e495f434f4e5441494e455249443d6330666665650100000019434e495f
              4e45544e533d2f72756e2f6e65746e732f676f6e65010000000f434e495f4946
              4e414d453d657468300100000029434e495f415247533d49676e6f7265556e6b
              6e6f776e3d313b4b38535f504f445f4e414d453d776562030000001136363131
              3463333233356232612d35303402000000147b226e616d65223a226d696c6c70
              6f6e64227d0a
              """
                  .replace("\n", ""));

  private static final Map<String, String> VARIABLES =
      Map.of(
          "CNI_COMMAND", "DEL",
          "CNI_CONTAINERID", "c0ffee",
          "CNI_NETNS", "/run/netns/gone",
          "CNI_IFNAME", "eth0",
          "CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=web");

  private static Optional<CniFrame> read(byte[] octets) {
    return CniFrame.read(ByteBuffer.wrap(octets));
  }

  private static String text(ByteBuffer octets) {
    return UTF_8.decode(octets.duplicate()).toString();
  }

  @Test
  void thePluginsOctetsAreRead() throws Exception {
    CniFrame frame = read(OF_THE_PLUGIN).orElseThrow();

    assertThat(frame.variables()).isEqualTo(VARIABLES);
    assertThat(text(frame.stdin())).isEqualTo("{\"name\":\"millpond\"}\n");
    assertThat(frame.requestName()).isEqualTo("66114c3235b2a-504");
    assertThat(RequestParser.parse(frame)).isInstanceOf(CniRequest.Del.class);
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    CniFrame frame = new CniFrame(VARIABLES, ByteBuffer.wrap("{}".getBytes(UTF_8)), "a-1");

    assertThat(read(frame.write())).hasValue(frame);
    // The same fields as the plugin's, which has another order and another name.
    CniFrame plugins = read(OF_THE_PLUGIN).orElseThrow();
    assertThat(plugins.write()).hasSameSizeAs(OF_THE_PLUGIN);
  }

  @Test
  void aFrameMaySitAnywhereInABuffer() {
    ByteBuffer octets = ByteBuffer.allocate(OF_THE_PLUGIN.length + 7).position(7);
    octets.put(OF_THE_PLUGIN).position(7);

    assertThat(CniFrame.read(octets)).isEqualTo(read(OF_THE_PLUGIN));
    assertThat(octets.position()).isEqualTo(7);
  }

  @Test
  void noPartOfAFrameIsAFrame() {
    for (int length = 0; length < OF_THE_PLUGIN.length; length++) {
      assertThat(read(Arrays.copyOf(OF_THE_PLUGIN, length))).as("%d octets", length).isEmpty();
    }
    assertThat(read(Arrays.copyOf(OF_THE_PLUGIN, OF_THE_PLUGIN.length + 1))).isEmpty();
  }

  @Test
  void aFrameWhoseLengthFitsButWhoseFieldsAreCutIsNone() {
    // A cut between two fields leaves a whole frame; anywhere else there is none.
    int whole = 0;
    for (int length = 8; length < OF_THE_PLUGIN.length; length++) {
      byte[] cut = Arrays.copyOf(OF_THE_PLUGIN, length);
      ByteBuffer.wrap(cut).putInt(4, length - 8);
      if (read(cut).isPresent()) {
        whole++;
      }
    }
    assertThat(whole).isEqualTo(7);
  }

  private static Header header(String magic, int length) {
    return CniFrame.readHeader(
        ByteBuffer.allocate(8).put(magic.getBytes(UTF_8)).putInt(length).flip());
  }

  @ParameterizedTest
  @CsvSource({"MPC2, 2", "MPC3, 3", "MPC9, 9"})
  void aNewerVersionIsRecognised(String magic, int version) {
    assertThat(header(magic, -1)).isEqualTo(new Header.Newer(version));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"MPC0", "MPC:", "MPC/", "mpc1", "MPD2", "GET ", "\u0000\u0000\u0000\u0000"})
  void anythingElseIsGarbage(String magic) {
    assertThat(header(magic, 4)).isInstanceOf(Header.Garbage.class);
  }

  @Test
  void lengthsAreBounded() {
    assertThat(header("MPC1", 0)).isEqualTo(new Header.Ours(0));
    assertThat(header("MPC1", CniFrame.LIMIT - 8)).isEqualTo(new Header.Ours(CniFrame.LIMIT - 8));
    for (int length : new int[] {CniFrame.LIMIT - 7, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
      assertThat(header("MPC1", length)).isInstanceOf(Header.Garbage.class);
    }
    assertThat(CniFrame.readHeader(ByteBuffer.allocate(7))).isInstanceOf(Header.Garbage.class);
  }

  private static ByteBuffer field(int tag, int length, byte... value) {
    return ByteBuffer.allocate(5 + value.length).put((byte) tag).putInt(length).put(value).flip();
  }

  private static Optional<CniFrame> fields(ByteBuffer... fields) {
    ByteBuffer all = ByteBuffer.allocate(CniFrame.LIMIT);
    for (ByteBuffer field : fields) {
      all.put(field);
    }
    return CniFrame.readFields(all.flip());
  }

  private static ByteBuffer variable(String pair) {
    byte[] octets = pair.getBytes(UTF_8);
    return field(1, octets.length, octets);
  }

  @Test
  void fieldsThatNobodyKnowsAreSkipped() {
    assertThat(
            fields(field(4, 3, "new".getBytes(UTF_8)), variable("A=b"), field(255, 0), field(0, 0)))
        .get()
        .extracting(CniFrame::variables)
        .isEqualTo(Map.of("A", "b"));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 100, CniFrame.LIMIT, Integer.MAX_VALUE, -1, -5, Integer.MIN_VALUE})
  void aFieldLongerThanTheRestEndsIt(int length) {
    for (int tag : new int[] {1, 2, 3, 9}) {
      assertThat(fields(field(tag, length, (byte) 'a'))).isEmpty();
    }
  }

  @Test
  void aVariableHasANameAndItsValueIsAllBehindTheFirstEqualsSign() {
    assertThat(
            fields(
                variable("A=b=c"), variable("=x"), variable("none"), variable(""), variable("E=")))
        .get()
        .extracting(CniFrame::variables)
        .isEqualTo(Map.of("A", "b=c", "E", ""));
  }

  @Test
  void aThousandVariablesAreNotKept() {
    ByteBuffer[] many = new ByteBuffer[1000];
    for (int i = 0; i < many.length; i++) {
      many[i] = variable("V" + i + "=");
    }
    assertThat(fields(many)).isEmpty();
    assertThat(fields(Arrays.copyOf(many, 32))).isPresent();
  }

  @Test
  void stdinHasTheLimitOfThePlugin() {
    byte[] largest = new byte[CniFrame.STDIN_LIMIT];
    byte[] larger = new byte[CniFrame.STDIN_LIMIT + 1];
    assertThat(fields(field(2, largest.length, largest))).isPresent();
    assertThat(fields(field(2, larger.length, larger))).isEmpty();
  }

  @Test
  void aRequestsNameIsCleanedAndCut() {
    byte[] name = ("a\n\"b\u0000" + "c".repeat(100)).getBytes(UTF_8);
    assertThat(fields(field(3, name.length, name)).orElseThrow().requestName())
        .isEqualTo("ab" + "c".repeat(62));
  }

  @Test
  void anEmptyFrameHasNothing() {
    CniFrame frame = fields().orElseThrow();
    assertThat(frame.variables()).isEmpty();
    assertThat(frame.stdin().remaining()).isZero();
  }

  @Test
  void aReplyIsTheStatusAndTheDocument() {
    assertThat(HexFormat.of().formatHex(CniFrame.reply(1, "{é}")))
        .isEqualTo("4d504331" + "00000008" + "00000001" + "7bc3a97d");
    assertThat(HexFormat.of().formatHex(CniFrame.reply(0, "")))
        .isEqualTo("4d504331" + "00000004" + "00000000");
  }

  @Test
  void whateverOctetsComeTheyEndInARequestOrACniError(TestReporter reporter) {
    long seed = System.nanoTime();
    reporter.publishEntry("seed", Long.toString(seed));
    Random random = new Random(seed);
    List<byte[]> good =
        Stream.of("ADD", "DEL", "CHECK", "GC", "STATUS").map(CniFrameTest::good).toList();
    int requests = 0;
    for (int i = 0; i < 50_000; i++) {
      byte[] octets = good.get(random.nextInt(good.size())).clone();
      mutate(octets, random);
      Optional<CniFrame> frame = read(octets);
      if (frame.isPresent() && ends(frame.get(), octets)) {
        requests++;
      }
    }
    // The mutation is gentle enough to reach the far side.
    assertThat(requests).isGreaterThan(1000);
  }

  private static boolean ends(CniFrame frame, byte[] octets) {
    try {
      RequestParser.parse(frame);
      return true;
    } catch (CniException e) {
      assertThat(e.error().code()).isIn(1, 2, 4, 6, 7);
      return false;
    } catch (RuntimeException e) {
      throw new AssertionError(HexFormat.of().formatHex(octets), e);
    }
  }

  private static byte[] good(String verb) {
    Map<String, String> variables = new TreeMap<>(VARIABLES);
    variables.put("CNI_COMMAND", verb);
    String stdin =
        """
        {"cniVersion":"1.1.0","name":"n","mtu":1500,"dns":{"nameservers":["10.0.0.2"]},\
        "extraRoutes":["10.0.0.0/8"],"prevResult":{"interfaces":[{"name":"a"}],\
        "ips":[{"interface":0,"address":"10.0.0.1/8"}]},\
        "cni.dev/valid-attachments":[{"containerID":"a","ifname":"b"}]}""";
    return new CniFrame(variables, ByteBuffer.wrap(stdin.getBytes(UTF_8)), "1").write();
  }

  private static void mutate(byte[] octets, Random random) {
    String telling = "\"\\{}[],:0=;-.";
    int changes = random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      // Mostly behind the header, where there is more to reach.
      int at = random.nextInt(10) == 0 ? random.nextInt(8) : 8 + random.nextInt(octets.length - 8);
      octets[at] =
          random.nextBoolean()
              ? (byte) random.nextInt(256)
              : (byte) telling.charAt(random.nextInt(telling.length()));
    }
  }
}
