package io.millpond.eni;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.testcontainers.localstack.LocalStackContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * The contract, with LocalStack in a container of the Docker engine that DOCKER_HOST names: see
 * {@code test/peers/with-docker} and {@code test/peers/localstack-image}.
 */
@Tag("contract")
class LocalStackContainerContractTest extends Ec2ContractTest {
  @RegisterExtension
  static final Emulator EMULATOR =
      new Emulator("localstack", LocalStackContainerContractTest::start);

  @Override
  TestCloud open() {
    return TestCloud.at(EMULATOR.endpoint());
  }

  private static Emulator.Running start(Path packages) {
    String version = packages.getFileName().toString().replaceFirst(".*-", "");
    DockerImageName name =
        DockerImageName.parse("millpond/localstack:" + version)
            .asCompatibleSubstituteFor("localstack/localstack");
    LocalStackContainer container =
        new LocalStackContainer(name).withServices("ec2").withStartupTimeout(Duration.ofMinutes(3));
    container.start();
    return new Emulator.Running() {
      @Override
      public URI endpoint() {
        return container.getEndpoint();
      }

      @Override
      public void close() {
        container.stop();
      }
    };
  }
}
