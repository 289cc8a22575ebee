package io.millpond.eni;

/**
 * Where the next ENIs of the default pool are made. It may change at any time; those that are there
 * stay where they are.
 */
public sealed interface EniPlacement {
  /** Where the settings say. */
  EniPlacement AS_CONFIGURED = new AsConfigured();

  /** Where the settings say. */
  record AsConfigured() implements EniPlacement {}

  /**
   * In these subnets, of which one has to be of the node's zone and VPC, with these groups; if none
   * is named, those of the primary ENI.
   *
   * @param source what says so, for people
   */
  record In(EniPool place, String source) implements EniPlacement {}

  /**
   * Nowhere so far: none is made before that is known.
   *
   * @param why what is missing, and what to do about it, for people
   */
  record Nowhere(String why) implements EniPlacement {}
}
