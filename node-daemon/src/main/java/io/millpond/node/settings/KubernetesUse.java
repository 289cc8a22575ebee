package io.millpond.node.settings;

/** Whether the cluster's API server is used. */
public enum KubernetesUse {
  /** Where there are credentials for it. */
  AUTO,
  /** Yes; that there are none is a finding. */
  ON,
  /** No. */
  OFF
}
