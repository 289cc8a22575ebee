package io.millpond.simulator.ec2;

import io.millpond.simulator.account.AwsError;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * A Describe action: ids, filters, pages.
 *
 * @param idParameter such as {@code SubnetId}
 * @param idForm what an id looks like
 * @param malformed the error code for an id of another form
 * @param notFound the error for ids that do not exist
 * @param mostPerPage the greatest {@code MaxResults}
 * @param pagesWithIds whether ids and {@code MaxResults} go together
 * @param setName the element that holds the answer's items
 * @param source everything there is, in a stable order
 * @param writer writes the content of one item
 */
record Describe<T>(
    String idParameter,
    Pattern idForm,
    String malformed,
    Function<Set<String>, AwsError> notFound,
    int mostPerPage,
    boolean pagesWithIds,
    String setName,
    Supplier<List<T>> source,
    Function<T, String> id,
    Filters<T> filters,
    BiConsumer<Xml, T> writer)
    implements Action {
  @Override
  public Prepared read(Parameters call) {
    Set<String> ids = new LinkedHashSet<>(call.list(idParameter));
    ids.forEach(this::check);
    Predicate<T> filter = filters.read(call);
    Page.Wanted wanted = Page.Wanted.read(call, mostPerPage);
    if (!ids.isEmpty() && wanted.size().isPresent() && !pagesWithIds) {
      throw new AwsError(
          "InvalidParameterCombination",
          "The parameter " + idParameter + " cannot be used with the parameter MaxResults");
    }
    boolean unfiltered =
        ids.isEmpty() && wanted.size().isEmpty() && call.structure("Filter").isEmpty();
    return new Prepared(
        unfiltered,
        () -> {
          List<T> found = source.get().stream().filter(t -> isNamed(ids, t)).toList();
          rejectMissing(ids, found);
          Page<T> page = Page.of(found.stream().filter(filter).toList(), wanted, id);
          return xml -> {
            xml.items(setName, page.items(), writer);
            page.nextToken().ifPresent(token -> xml.text("nextToken", token));
          };
        });
  }

  private boolean isNamed(Set<String> ids, T thing) {
    return ids.isEmpty() || ids.contains(id.apply(thing));
  }

  private void check(String given) {
    if (!idForm.matcher(given).matches()) {
      throw new AwsError(malformed, "Invalid id: \"" + given + "\"");
    }
  }

  private void rejectMissing(Set<String> ids, List<T> found) {
    Set<String> missing = new LinkedHashSet<>(ids);
    found.forEach(thing -> missing.remove(id.apply(thing)));
    if (!missing.isEmpty()) {
      throw notFound.apply(missing);
    }
  }

  /** The usual error for ids that do not exist. */
  static Function<Set<String>, AwsError> missing(String code, String idName) {
    return ids ->
        ids.size() == 1
            ? new AwsError(code, "The " + idName + " '" + String.join("", ids) + "' does not exist")
            : new AwsError(
                code, "The " + idName + "s '" + String.join(", ", ids) + "' do not exist");
  }
}
