package io.millpond.linux.netns;

import java.io.IOException;

/** A descriptor that should be a network namespace cannot be entered. */
public final class NoNamespaceException extends IOException {
  private static final long serialVersionUID = 1;

  NoNamespaceException(long inode, int errno) {
    super(
        "cannot enter network namespace %d (errno %d): it is gone, or the file is none"
            .formatted(inode, errno));
  }
}
