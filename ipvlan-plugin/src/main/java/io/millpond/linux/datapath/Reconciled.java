package io.millpond.linux.datapath;

import java.util.ArrayList;
import java.util.List;

/**
 * What a look at the node's side came to, in sentences for people.
 *
 * @param repairs what was not as it must be and is now
 * @param findings what is not and cannot be put right from here, each with its remedy
 */
public record Reconciled(List<String> repairs, List<String> findings) {
  /** Nothing yet. */
  Reconciled() {
    this(new ArrayList<>(), new ArrayList<>());
  }
}
