/**
 * What an administrator may set: every setting has a name, a type, a default and a sentence in
 * {@link io.millpond.node.settings.KnownSettings}; values come from the defaults, then the file,
 * then the environment, and all that is wrong with them is told at once. Immutable and without
 * threads.
 */
@NullMarked
package io.millpond.node.settings;

import org.jspecify.annotations.NullMarked;
