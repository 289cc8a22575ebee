/** The plugin as runtimes start it: a process, with the address sanitizer, beside a fake daemon. */
@org.jspecify.annotations.NullMarked
package io.millpond.cni.plugin;
