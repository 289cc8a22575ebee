package io.millpond.cni.mutants;

import io.millpond.cni.CniException;
import io.millpond.cni.CniFrame;
import io.millpond.cni.CniRequest;
import io.millpond.cni.RequestParser;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A plugin that is wrong in one respect. */
public class Mutant {
  private final String name;
  private final List<Integer> rules;
  private Consumer<PluginStart> starts = _ -> {};
  private BiFunction<PluginStart, PluginEnd, PluginEnd> ends = (_, end) -> end;
  private UnaryOperator<CniFrame> frames = UnaryOperator.identity();
  private Parser parser = RequestParser::parse;
  private UnaryOperator<String> documents = UnaryOperator.identity();

  /** What a frame asks for. */
  @FunctionalInterface
  public interface Parser {
    /** As {@link RequestParser#parse}. */
    CniRequest parse(CniFrame frame) throws CniException;
  }

  /**
   * One that differs in nothing yet.
   *
   * @param rules that it breaks
   */
  public Mutant(String name, int... rules) {
    this.name = name;
    this.rules = Arrays.stream(rules).boxed().toList();
  }

  /** The rules that it breaks. */
  public final List<Integer> rules() {
    return rules;
  }

  Mutant starts(Consumer<PluginStart> change) {
    starts = change;
    return this;
  }

  Mutant ends(BiFunction<PluginStart, PluginEnd, PluginEnd> change) {
    ends = change;
    return this;
  }

  Mutant frames(UnaryOperator<CniFrame> change) {
    frames = change;
    return this;
  }

  Mutant parser(Parser other) {
    parser = other;
    return this;
  }

  Mutant documents(UnaryOperator<String> change) {
    documents = change;
    return this;
  }

  /** Changes how the plugin is started. */
  public final PluginStart start(PluginStart start) {
    starts.accept(start);
    return start;
  }

  /** Changes what it leaves. */
  public final PluginEnd end(PluginStart start, PluginEnd end) {
    return ends.apply(start, end);
  }

  /** Parses otherwise. */
  public final CniRequest parse(CniFrame frame) throws CniException {
    return parser.parse(frames.apply(frame));
  }

  /** Writes a result or an error otherwise. */
  public final String document(String document) {
    return documents.apply(document);
  }

  @Override
  public final String toString() {
    return name;
  }
}
