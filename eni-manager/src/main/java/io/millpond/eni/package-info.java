/**
 * The AWS boundary: instance metadata, ENIs and addresses in EC2, limits of instance types, typed
 * failures and a budget of calls. Calls block; all classes are safe for any thread and have none of
 * their own.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.eni;
