/** The simulator as the unmodified AWS SDK for Java sees it. */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator;
