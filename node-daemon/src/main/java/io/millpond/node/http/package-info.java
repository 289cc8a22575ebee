/**
 * Read-only HTTP on loopback (health, readiness, the pool as JSON, a page for people) and the
 * metrics. Answers come from published snapshots; nothing here waits for the pool, the kernel or
 * EC2. One small pool of threads serves all.
 */
@NullMarked
package io.millpond.node.http;

import org.jspecify.annotations.NullMarked;
