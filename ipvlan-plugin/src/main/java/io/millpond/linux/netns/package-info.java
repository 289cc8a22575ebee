/**
 * Network namespaces. Work inside one is done on a thread that was made for it and ends with it, so
 * that no other work can ever run in the wrong namespace. Nothing here keeps a namespace open
 * beyond a call.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.linux.netns;
