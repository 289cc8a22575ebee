/** Measurements, with the fixtures of the end-to-end tests. */
@NullMarked
package io.millpond.e2e;

import org.jspecify.annotations.NullMarked;
