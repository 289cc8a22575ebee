@org.jspecify.annotations.NullMarked
package io.millpond.linux.nft;
