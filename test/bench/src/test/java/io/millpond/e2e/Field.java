package io.millpond.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The VPC of a run, and how nodes of each plugin are made in it. */
final class Field implements AutoCloseable {
  static final String AWS = "amazon-vpc-cni-k8s";

  /** Room for nodes of 250 pods. */
  private static final String SUBNETS =
      """
      subnets:
        - {id: %s, cidr: 10.0.16.0/20, zone: eu-central-1a}
        - {id: %s, cidr: 10.0.2.0/24, zone: eu-central-1a}
      """
          .formatted(Vpc.SUBNET_1, Vpc.SUBNET_2);

  private final Vpc vpc;
  private final ApiServer server;
  private final String slave;

  private Field(Vpc vpc, ApiServer server, String slave) {
    this.vpc = vpc;
    this.server = server;
    this.slave = slave;
  }

  static Field open(String slave) {
    ApiServer server = ApiServer.find();
    Vpc vpc = Vpc.start(SUBNETS);
    AwsNode.prepare(server);
    return new Field(vpc, server, slave);
  }

  Vpc vpc() {
    return vpc;
  }

  Node millpond(String name, String type, Map<String, String> settings) {
    return vpc.launch(name, type, Vpc.SUBNET_1, settings);
  }

  AwsNode aws(String name, String type, Map<String, String> settings) {
    return new AwsNode(vpc, server, name, type, 110, settings);
  }

  static Contestant contestant(Node node) {
    return new Contestant(
        "millpond",
        node.netns(),
        node.pluginFile(),
        Pod.CONFIGURATION,
        Map.of("MILLPOND_RUN_DIR", node.run().toString()),
        node.pid());
  }

  static Contestant contestant(AwsNode node) {
    return new Contestant(
        AWS, node.netns(), node.plugin(), AwsNode.CONFIGURATION, Map.of(), node.pid());
  }

  /** The reference plugin for this kind of slave, with host-local, on a node without a daemon. */
  Contestant reference(Node node) {
    try {
      Path programs = Path.of(System.getenv("MILLPOND_REFERENCE_PROGRAMS"));
      Path home = Files.createTempDirectory("reference");
      for (String program : List.of(slave, "host-local")) {
        Files.copy(
            programs.resolve(program),
            home.resolve(program),
            java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
      }
      String mode = slave.equals("ipvlan") ? "l2" : "bridge";
      return new Contestant(
          slave + " + host-local",
          node.netns(),
          home.resolve(slave),
          """
          {"cniVersion": "1.0.0", "name": "reference", "type": "%s", "master": "eth0", "mode": "%s",
           "ipam": {"type": "host-local", "dataDir": "%s", "subnet": "10.0.16.0/20",
            "rangeStart": "10.0.31.2", "rangeEnd": "10.0.31.250", "routes": [{"dst": "0.0.0.0/0"}]}}
          """
              .formatted(slave, mode, home.resolve("addresses")),
          new HashMap<>(),
          0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    vpc.close();
  }
}
