/** The rules of the account, without HTTP. */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.account;
