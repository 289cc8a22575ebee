package io.millpond.node.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millpond.cni.CniFrame;
import io.millpond.node.cniserver.CniServer;
import io.millpond.node.cniserver.CniVerbs;
import io.millpond.node.cniserver.PluginConnection;
import io.millpond.node.http.Metrics;
import io.millpond.node.kernel.Netns;
import io.millpond.pool.value.Prefix;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a container runtime says to the plugin of a node and hears of it, without the plugin's
 * process: requests as the plugin sends them, answered by the daemon's verbs.
 */
public final class CniRuntime {
  private static final ObjectMapper JSON = new ObjectMapper();

  public final TestNode node;
  private final Metrics metrics = new Metrics();

  /** The runtime of this node. */
  public CniRuntime(TestNode node) {
    this.node = node;
  }

  /** What the plugin would exit with and print. */
  public record Reply(int status, String text) {
    /** A success without a word. */
    public static final Reply SILENCE = new Reply(0, "");

    /** An error instead. */
    public static Reply error(int code) {
      return new Reply(
          1, "{\"cniVersion\":\"1.1.0\",\"code\":%d,\"msg\":\"a mutant's\"}".formatted(code));
    }

    /** The document, of which there must be one. */
    public JsonNode document() {
      try {
        return JSON.readTree(text);
      } catch (JsonProcessingException e) {
        throw new AssertionError("not one document: " + text, e);
      }
    }

    /** The error's code; 0 of a success. */
    public int code() {
      return status == 0 ? 0 : document().path("code").asInt(-1);
    }

    /** It must be a success that says nothing. */
    public void mustBeSilent() {
      assertThat(this).isEqualTo(SILENCE);
    }

    /** The pod's address in the result of an ADD, which must have succeeded. */
    public String address() {
      assertThat(status).as(text).isZero();
      return document().at("/ips/0/address").asText().replaceAll("/.*", "");
    }
  }

  /** A call of the plugin; a test states what is special. */
  public static final class Request {
    private final Map<String, String> variables = new TreeMap<>();
    private long inode;
    private String version = "1.1.0";
    private String network = "millpond";
    private String keys = "";

    private Request(String verb) {
      variables.put("CNI_COMMAND", verb);
    }

    private Request(Request other) {
      variables.putAll(other.variables);
      inode = other.inode;
      version = other.version;
      network = other.network;
      keys = other.keys;
    }

    /** A copy, for mutants that ask something else. */
    public Request copy() {
      return new Request(this);
    }

    /** A variable; empty if it is not set. */
    public String get(String name) {
      return variables.getOrDefault(name, "");
    }

    /** Whether this is the verb. */
    public boolean is(String verb) {
      return get("CNI_COMMAND").equals(verb);
    }

    /** Sets a variable. */
    public Request with(String name, String value) {
      variables.put(name, value);
      return this;
    }

    /** In the namespace with this inode; 0: without one. */
    public Request in(long netnsInode) {
      inode = netnsInode;
      variables.put("CNI_NETNS", netnsInode == 0 ? "" : "/run/netns/" + netnsInode);
      return this;
    }

    /** The namespace's inode; 0 without one. */
    public long inode() {
      return inode;
    }

    /** Of another network. */
    public Request network(String name) {
      network = name;
      return this;
    }

    /** Of a configuration of another version. */
    public Request version(String other) {
      version = other;
      return this;
    }

    /** Further keys of the configuration. */
    public Request keys(String more) {
      keys = more;
      return this;
    }

    /** The further keys. */
    public String keys() {
      return keys;
    }

    private byte[] stdin() {
      return "{\"cniVersion\":\"%s\",\"name\":\"%s\",\"type\":\"millpond\"%s}"
          .formatted(version, network, keys.isEmpty() ? "" : "," + keys)
          .getBytes(UTF_8);
    }

    private ByteBuffer frame() {
      return ByteBuffer.wrap(new CniFrame(variables, ByteBuffer.wrap(stdin()), "1-1").write());
    }
  }

  /** A call about a container, with eth0, in the namespace with this inode. */
  public static Request request(String verb, String container, long inode) {
    return new Request(verb)
        .with("CNI_CONTAINERID", container)
        .with("CNI_IFNAME", "eth0")
        .with("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + container)
        .in(inode);
  }

  /** A call about no container: GC, STATUS. */
  public static Request request(String verb) {
    return new Request(verb);
  }

  /** Asks, and hears what the plugin in place says. */
  public Reply ask(Request request) {
    return NodeMutant.current().answer(this, request);
  }

  /** Asks the daemon as it is. */
  public Reply reallyAsk(Request request) {
    CniServer.Verbs verbs =
        new CniVerbs(
            node.core().verbs(), (_, _) -> {}, List.of(Prefix.parse("10.0.0.0/16")), metrics);
    Optional<Netns> netns =
        request.inode() == 0 ? Optional.empty() : Optional.of(ModelKernel.netns(request.inode()));
    try {
      byte[] reply = verbs.answer(request.frame(), netns, new Patient()).reply();
      ByteBuffer octets = ByteBuffer.wrap(reply);
      return new Reply(
          octets.getInt(CniFrame.HEADER),
          UTF_8.decode(octets.position(CniFrame.HEADER + 4)).toString());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** ADD. */
  public Reply add(String container, long inode) {
    return ask(request("ADD", container, inode));
  }

  /** DEL. */
  public Reply del(String container, long inode) {
    return ask(request("DEL", container, inode));
  }

  /** CHECK against the result of an ADD. */
  public Reply check(String container, long inode, Reply added) {
    return ask(request("CHECK", container, inode).keys("\"prevResult\":" + added.text()));
  }

  /** GC with this list of CONTAINER/INTERFACE, or without one. */
  public Reply gc(String... valid) {
    return ask(gcRequest(valid));
  }

  /** What {@link #gc} asks. */
  public static Request gcRequest(String... valid) {
    List<String> entries =
        List.of(valid).stream()
            .map(one -> one.split("/"))
            .map(one -> "{\"containerID\":\"%s\",\"ifname\":\"%s\"}".formatted(one[0], one[1]))
            .toList();
    return request("GC").keys("\"cni.dev/valid-attachments\":" + entries);
  }

  private record Patient() implements PluginConnection {
    @Override
    public int peerUid() {
      return 0;
    }

    @Override
    public Incoming receive(Duration within) {
      throw new AssertionError("nothing comes");
    }

    @Override
    public void send(byte[] reply, Duration within) {
      throw new AssertionError("nothing is sent");
    }

    @Override
    public boolean gone() {
      return false;
    }

    @Override
    public void close() {}
  }
}
