/**
 * Settings that the cluster gives this node while the daemon runs: the {@code WarmPoolPolicy} that
 * selects it, laid over the node's own settings, and the {@code ENIConfig} that says where its ENIs
 * are made. Which of several counts is decided by pure functions of what the API server said last;
 * while it is away that stays.
 *
 * <p>What is read is checked again, field by field, because the server may have an older definition
 * of the object or none with bounds.
 */
@NullMarked
package io.millpond.node.policy;

import org.jspecify.annotations.NullMarked;
