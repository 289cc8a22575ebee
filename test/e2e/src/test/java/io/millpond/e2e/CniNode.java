package io.millpond.e2e;

/** A node with a daemon and a plugin, whoever made them. */
interface CniNode extends AutoCloseable {
  /** The instance's id in the simulator. */
  String instanceId();

  /** The namespace that is its network. */
  String netns();

  /** The daemon's process; 0 while none runs. */
  long pid();

  /** Starts the daemon and waits until it serves. */
  CniNode start();

  /** kill -9 of the daemon. */
  void kill();

  /** How many addresses its pool has. */
  int addresses();

  /** Runs the plugin as a container runtime would, for a pod whose namespace has its name. */
  Shell.Ran plugin(String verb, String pod);

  /** Stops the daemon and terminates the instance. */
  @Override
  void close();
}
