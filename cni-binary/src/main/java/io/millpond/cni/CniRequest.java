package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;
import io.millpond.pool.value.AttachmentKey;
import java.util.List;
import java.util.Optional;

/** A request that keeps to the rules. */
public sealed interface CniRequest {
  /** The version in which the answer is written. */
  CniVersion version();

  /** The name of the network. */
  String network();

  /**
   * Attach.
   *
   * @param netnsPath {@code CNI_NETNS} as it was sent
   * @param previous the result of the plugins before this one in the chain, in the form of 1.1.0
   *     whatever its version
   */
  record Add(
      CniVersion version,
      AttachmentKey key,
      String netnsPath,
      PodName pod,
      NetworkConfiguration configuration,
      Optional<JsonNode> previous)
      implements CniRequest {
    @Override
    public String network() {
      return key.network();
    }
  }

  /** Detach. */
  record Del(CniVersion version, AttachmentKey key, PodName pod) implements CniRequest {
    @Override
    public String network() {
      return key.network();
    }
  }

  /** Look whether the attachment is as the previous result says. */
  record Check(
      CniVersion version,
      AttachmentKey key,
      PodName pod,
      NetworkConfiguration configuration,
      JsonNode previous)
      implements CniRequest {
    @Override
    public String network() {
      return key.network();
    }
  }

  /**
   * Free what is not valid any more.
   *
   * @param valid the attachments that are; empty when the list's key is absent, which is not the
   *     same as an empty list
   */
  record Gc(CniVersion version, String network, Optional<List<Attachment>> valid)
      implements CniRequest {}

  /** Say whether an ADD with this configuration could be served. */
  record Status(CniVersion version, String network, NetworkConfiguration configuration)
      implements CniRequest {}

  /** An attachment as GC names it. */
  record Attachment(String containerId, String ifName) {}
}
