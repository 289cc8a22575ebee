/**
 * Fuzzing of all that parses: targets lie in the packages of what they call, in which most of it is
 * package-private. Here is what replays the corpus.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.fuzz;
