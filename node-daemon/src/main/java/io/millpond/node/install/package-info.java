/**
 * The plugin and the network configuration where container runtimes look for them: put there by a
 * daemon that can serve, taken away by an administrator. Every file comes by rename within its
 * directory; what somebody else wrote is never replaced.
 */
@NullMarked
package io.millpond.node.install;

import org.jspecify.annotations.NullMarked;
