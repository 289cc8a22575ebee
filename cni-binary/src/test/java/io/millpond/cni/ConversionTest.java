package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millpond.cni.Conversions.Conversion;
import io.millpond.cni.mutants.Mutants;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Results of every version in the form of every version, as the reference library has them. */
class ConversionTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Stream<Conversion> conversions() {
    return Conversions.all();
  }

  @Test
  void thereIsACaseForEveryPairOfVersions() {
    assertThat(conversions().map(one -> one.from() + " " + one.to()).distinct()).hasSize(49);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("conversions")
  @Tag("cni-48")
  @Tag("cni-49")
  @Tag("cni-50")
  @Tag("cni-51")
  @Tag("cni-52")
  @Tag("cni-53")
  @Tag("cni-56")
  void aResultOfEveryVersionHasTheFormOfEveryOther(Conversion one) throws Exception {
    JsonNode input = Json.read(ByteBuffer.wrap(one.input().toString().getBytes(UTF_8)));
    Optional<ObjectNode> written = ResultForms.write(ResultForms.read(input, one.from()), one.to());

    if (one.expected().isEmpty()) {
      assertThat(written).isEmpty();
    } else {
      JsonNode document = JSON.readTree(Mutants.current().document(written.orElseThrow() + ""));
      assertThat(Conversions.essence(document))
          .isEqualTo(Conversions.essence(one.expected().get()));
    }
  }

  /** One process for all cases: the library's answers in their order. */
  @Test
  @Tag("cni-library")
  void theReferenceLibraryConvertsThemInTheSameWayButForWhatTheCasesName() throws Exception {
    List<Conversion> all = conversions().toList();
    ArrayNode questions = JSON.createArrayNode();
    all.forEach(one -> questions.addObject().put("to", one.to().text()).set("result", one.input()));
    Path in = Files.createTempFile("conversions", ".json");
    Files.writeString(in, questions.toString());
    Process library = new ProcessBuilder(program("convert")).redirectInput(in.toFile()).start();
    JsonNode answers = JSON.readTree(library.getInputStream());
    assertThat(library.waitFor()).isZero();
    Files.delete(in);

    assertThat(answers).hasSize(all.size());
    for (int i = 0; i < all.size(); i++) {
      Conversion one = all.get(i);
      JsonNode result = answers.path(i).path("result");
      if (one.library().isEmpty()) {
        assertThat(answers.path(i).has("error")).as(one + ": " + answers.path(i)).isTrue();
      } else {
        assertThat(Conversions.essence(result))
            .as("%s: %s", one, answers.path(i))
            .isEqualTo(Conversions.essence(one.library().get()));
        assertThat(one.library().equals(one.expected()))
            .as("a case gives a reason where, and only where, the library's answer is another")
            .isEqualTo(one.reason().isEmpty());
      }
    }
  }

  private static String program(String name) {
    return Path.of(
            Objects.requireNonNull(
                System.getenv("MILLPOND_CNI_LIBRARY"),
                "MILLPOND_CNI_LIBRARY names what test/peers/cni-library prints"))
        .resolve(name)
        .toString();
  }
}
