package io.millpond.node.http;

import java.util.List;
import java.util.Optional;

/**
 * What HTTP and the metrics may see of the daemon: snapshots only. Safe for any thread; no method
 * blocks.
 */
public interface NodeView {
  /** Empty while all is well, else why the process should be restarted. */
  Optional<String> sick();

  /** Empty while ADD can be served, else why not. */
  Optional<String> notReady();

  /** What is wrong although ADD can be served, with remedies. */
  List<String> findings();

  /** The pool as a JSON document. */
  String poolJson();
}
