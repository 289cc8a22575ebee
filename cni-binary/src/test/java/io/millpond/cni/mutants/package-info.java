/**
 * Plugins that break one rule of CNI each. The tests reach the plugin, the parser and the documents
 * through {@link io.millpond.cni.mutants.Mutants}; with a mutant in place the tests that are tagged
 * with its rule must fail, or they prove nothing. Production code knows nothing of this.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.cni.mutants;
