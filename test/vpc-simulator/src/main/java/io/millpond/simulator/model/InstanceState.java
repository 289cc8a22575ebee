package io.millpond.simulator.model;

/** The states of an instance that the simulator knows, with EC2's code and name. */
public enum InstanceState {
  RUNNING(16, "running"),
  SHUTTING_DOWN(32, "shutting-down"),
  TERMINATED(48, "terminated");

  private final int code;
  private final String ec2Name;

  InstanceState(int code, String ec2Name) {
    this.code = code;
    this.ec2Name = ec2Name;
  }

  public int code() {
    return code;
  }

  public String ec2Name() {
    return ec2Name;
  }
}
