/**
 * EC2's Query API, version 2016-11-15: parameters in, XML out.
 *
 * <p>Signatures are not verified; the access key id names the caller. What the API can do is in the
 * account; here it is spelled as EC2 spells it.
 */
@org.jspecify.annotations.NullMarked
package io.millpond.simulator.ec2;
