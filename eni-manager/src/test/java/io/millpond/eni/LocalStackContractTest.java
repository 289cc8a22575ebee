package io.millpond.eni;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The contract, with LocalStack as a process of its own. */
@Tag("contract")
class LocalStackContractTest extends Ec2ContractTest {
  @RegisterExtension
  static final Emulator EMULATOR = new Emulator("localstack", LocalStackContractTest::start);

  @Override
  TestCloud open() {
    return TestCloud.at(EMULATOR.endpoint());
  }

  private static Emulator.Running start(Path directory) throws IOException {
    int port = EmulatorProcess.freePort();
    Path files = Files.createDirectories(Path.of("target/localstack").toAbsolutePath());
    return EmulatorProcess.start(
        "localstack",
        port,
        List.of(directory.resolve("bin/python").toString(), "-m", "localstack.runtime.main"),
        Map.of(
            "SERVICES", "ec2",
            "DISABLE_EVENTS", "1",
            "SKIP_SSL_CERT_DOWNLOAD", "1",
            "DNS_ADDRESS", "0",
            "GATEWAY_LISTEN", "127.0.0.1:" + port,
            "FILESYSTEM_ROOT", files.toString()));
  }
}
