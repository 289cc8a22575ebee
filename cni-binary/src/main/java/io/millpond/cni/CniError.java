package io.millpond.cni;

/**
 * An error as the runtime gets it (specification, "Error").
 *
 * @param cniVersion of the request, as text
 * @param code one of the constants
 * @param msg what failed, short
 * @param details why, and what to do next; empty if there is no more to say
 */
public record CniError(String cniVersion, int code, String msg, String details) {
  public static final int INCOMPATIBLE_VERSION = 1;
  public static final int UNSUPPORTED_FIELD = 2;
  public static final int ENVIRONMENT = 4;
  public static final int IO = 5;
  public static final int UNDECODABLE = 6;
  public static final int INVALID_CONFIGURATION = 7;
  public static final int INVALID_NETNS = 8;
  public static final int TRY_LATER = 11;
  public static final int NOT_AVAILABLE = 50;
  public static final int LIMITED_CONNECTIVITY = 51;
  public static final int DATAPATH = 100;
  public static final int EXISTS_ELSEWHERE = 101;
  public static final int HOST_PORT_TAKEN = 102;

  /** The error of a request. */
  public static CniError of(CniVersion version, int code, String msg, String details) {
    return new CniError(version.text(), code, msg, details);
  }
}
