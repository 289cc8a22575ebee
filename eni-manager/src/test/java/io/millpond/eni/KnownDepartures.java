package io.millpond.eni;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.TestAbortedException;

/**
 * Another endpoint than EC2 may be looser. Its departures are listed from outside, by the tests'
 * names in the system property {@code millpond.test.ec2.departures}, separated by commas. A listed
 * test must fail, so that the list stays true; it then counts as skipped.
 */
final class KnownDepartures implements InvocationInterceptor {
  private static final List<String> NAMES =
      Arrays.asList(System.getProperty("millpond.test.ec2.departures", "").split(" *, *"));

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> test, ReflectiveInvocationContext<Method> method, ExtensionContext context)
      throws Throwable {
    interceptTestMethod(test, method, context);
  }

  @Override
  public void interceptTestMethod(
      Invocation<Void> test, ReflectiveInvocationContext<Method> method, ExtensionContext context)
      throws Throwable {
    if (!NAMES.contains(method.getExecutable().getName())) {
      test.proceed();
      return;
    }
    try {
      test.proceed();
    } catch (AssertionError | RuntimeException e) {
      throw new TestAbortedException("a known departure: " + e.getMessage(), e);
    }
    throw new AssertionError("listed as a departure, but it behaves as EC2 does: take it off");
  }
}
