package io.millpond.cni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.millpond.cni.mutants.Mutants;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/** A request as the plugin would send it; a test states what is special. */
final class Call {
  static final String CONFIGURATION =
      """
      {"cniVersion":"1.1.0","name":"millpond","type":"millpond"}""";

  private final Map<String, String> variables = new TreeMap<>();
  private byte[] stdin = CONFIGURATION.getBytes(UTF_8);

  private Call(String verb) {
    variables.put("CNI_COMMAND", verb);
    variables.put("CNI_CONTAINERID", "c0ffee");
    variables.put("CNI_NETNS", "/run/netns/pod");
    variables.put("CNI_IFNAME", "eth0");
  }

  static Call of(String verb) {
    return new Call(verb);
  }

  Call with(String name, String value) {
    variables.put(name, value);
    return this;
  }

  Call without(String name) {
    variables.remove(name);
    return this;
  }

  Call stdin(String text) {
    return stdin(text.getBytes(UTF_8));
  }

  Call stdin(byte[] octets) {
    stdin = octets.clone();
    return this;
  }

  /** Further keys of a configuration that is good without them. */
  Call keys(String more) {
    return stdin(CONFIGURATION.replace("}", "," + more + "}"));
  }

  CniRequest parse() throws CniException {
    return Mutants.current().parse(new CniFrame(variables, ByteBuffer.wrap(stdin), "1-1"));
  }

  CniRequest.Add add() throws CniException {
    return (CniRequest.Add) parse();
  }

  /** The error, which must have this code. */
  CniError refusedWith(int code) {
    CniException refusal = catchThrowableOfType(CniException.class, this::parse);
    assertThat(refusal).as("a refusal of %s", new String(stdin, UTF_8)).isNotNull();
    assertThat(refusal.error().code()).as(refusal.getMessage()).isEqualTo(code);
    assertThat(refusal.error().msg()).isNotEmpty();
    return refusal.error();
  }
}
