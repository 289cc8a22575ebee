package io.millpond.cni;

import com.fasterxml.jackson.databind.JsonNode;

/** Carries a {@link CniError} out of the parser. */
public final class CniException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient CniError error;

  public CniException(CniError error) {
    super(error.msg() + ": " + error.details());
    this.error = error;
  }

  public CniError error() {
    return error;
  }

  static CniException of(CniVersion version, int code, String msg, String details) {
    return new CniException(CniError.of(version, code, msg, details));
  }

  static CniException undecodable(CniVersion version, String msg, String details) {
    return of(version, CniError.UNDECODABLE, msg, details);
  }

  static CniException invalid(CniVersion version, String key, String value, String remedy) {
    return of(
        version,
        CniError.INVALID_CONFIGURATION,
        "invalid " + key + " in the network configuration: " + value,
        remedy);
  }

  static CniException unsupported(CniVersion version, String key, JsonNode value, String expected) {
    return of(
        version,
        CniError.UNSUPPORTED_FIELD,
        "invalid " + key + " in the network configuration: " + Shown.of(value.toString()),
        key + " takes " + expected);
  }
}
