package io.millpond.simulator.ec2;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Writes XML as EC2 does: elements and text, lists as {@code item}s. Not thread-safe. */
final class Xml {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final StringBuilder out =
      new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

  Xml element(String name, Consumer<Xml> content) {
    return element(name, "", content);
  }

  /**
   * @param attributes such as {@code xmlns="…"} with the space before it
   */
  Xml element(String name, String attributes, Consumer<Xml> content) {
    out.append('<').append(name).append(attributes).append('>');
    content.accept(this);
    out.append("</").append(name).append('>');
    return this;
  }

  Xml text(String name, Object value) {
    out.append('<').append(name).append('>');
    escape(value.toString());
    out.append("</").append(name).append('>');
    return this;
  }

  Xml time(String name, Instant value) {
    return text(name, TIME.format(value));
  }

  /** A list; an empty one is an empty element. */
  <T> Xml items(String name, Collection<T> values, BiConsumer<Xml, T> content) {
    return element(
        name, list -> values.forEach(v -> list.element("item", item -> content.accept(item, v))));
  }

  Xml tags(Map<String, String> tags) {
    return items(
        "tagSet",
        tags.entrySet(),
        (item, tag) -> item.text("key", tag.getKey()).text("value", tag.getValue()));
  }

  private void escape(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        default -> {
          if (c < 0x20 && c != '\t' && c != '\n') {
            out.append('\uFFFD'); // XML 1.0 has no such character
          } else {
            out.append(c);
          }
        }
      }
    }
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
