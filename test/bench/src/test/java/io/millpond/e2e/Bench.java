package io.millpond.e2e;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures and compares: {@code Bench KIND OUT [--quick]}. On a kernel with IPvlan ({@code ipvlan})
 * calls of the plugins and traffic; on any kernel, with macvlan in the slave's place ({@code
 * macvlan}), calls, EC2 calls, start and memory. Writes its rows to OUT.
 */
final class Bench {
  private Bench() {}

  public static void main(String[] arguments) throws Exception {
    String kind = arguments[0];
    boolean quick = List.of(arguments).contains("--quick");
    List<Row> rows = new ArrayList<>();
    try (Field field = Field.open(kind)) {
      new CniCalls(field, kind, quick).measure(rows);
      if (kind.equals("ipvlan")) {
        new Traffic(field, quick).measure(rows);
      } else {
        new Memory(field, quick).measure(rows);
        new Ec2Calls(field, quick).measure(rows);
      }
    }
    ObjectMapper mapper = new ObjectMapper();
    ArrayNode list = mapper.createArrayNode();
    rows.forEach(row -> list.add(row.json(mapper)));
    Files.writeString(
        Path.of(arguments[1]), mapper.writerWithDefaultPrettyPrinter().writeValueAsString(list));
    System.exit(0);
  }
}
