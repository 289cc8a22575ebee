/** Tests of the AWS boundary. */
@org.jspecify.annotations.NullMarked
package io.millpond.eni;
