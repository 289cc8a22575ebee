package io.millpond.simulator;

import static io.millpond.simulator.Aws.GROUP;
import static io.millpond.simulator.Aws.NODE;
import static io.millpond.simulator.Aws.SUBNET_A;
import static io.millpond.simulator.Aws.refused;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;

class IdempotencyAndTagsTest {
  private final Aws aws = new Aws();

  @AfterEach
  void stop() {
    aws.close();
  }

  @Test
  void theSameClientTokenGivesTheSameInterfaceAndMakesNoSecondOne() {
    int before = aws.simulator.interfaces().size();

    NetworkInterface first = aws.create(r -> r.clientToken("intent-1").description("x"));
    NetworkInterface second = aws.create(r -> r.clientToken("intent-1").description("x"));

    assertThat(second.networkInterfaceId()).isEqualTo(first.networkInterfaceId());
    assertThat(aws.simulator.interfaces()).hasSize(before + 1);
  }

  @Test
  void aClientTokenForSomethingElseIsRefused() {
    aws.create(r -> r.clientToken("intent-1").description("x"));

    refused(
        () -> aws.create(r -> r.clientToken("intent-1").description("y")),
        "IdempotentParameterMismatch",
        "inconsistent with arguments used in previous request");
    refused(
        () ->
            aws.create(
                r -> r.clientToken("intent-1").description("x").secondaryPrivateIpAddressCount(1)),
        "IdempotentParameterMismatch",
        "inconsistent");
  }

  @Test
  void aRefusedCreationDoesNotUseUpItsToken() {
    refused(
        () -> aws.create(r -> r.clientToken("t").privateIpAddress("10.0.2.7")),
        "InvalidParameterValue",
        "range");

    assertThat(aws.create(r -> r.clientToken("t").privateIpAddress("10.0.1.7")).privateIpAddress())
        .isEqualTo("10.0.1.7");
  }

  @Test
  void tagsGivenAtCreationAreThere() {
    String eni =
        aws.create(
                r ->
                    r.tagSpecifications(
                        TagSpecification.builder()
                            .resourceType("network-interface")
                            .tags(tag("a", "1"), tag("b", ""))
                            .build()))
            .networkInterfaceId();

    assertThat(aws.describe(eni).tagSet()).containsExactlyInAnyOrder(tag("a", "1"), tag("b", ""));
    refused(
        () ->
            aws.create(
                r ->
                    r.tagSpecifications(
                        TagSpecification.builder()
                            .resourceType("instance")
                            .tags(tag("a", "1"))
                            .build())),
        "InvalidParameterValue",
        "'instance' is not a valid taggable resource type");
  }

  @Test
  void tagsAreAddedReplacedAndRemovedOnAnything() {
    String eni = aws.create(0).networkInterfaceId();
    List<String> resources = List.of(eni, NODE, SUBNET_A, GROUP);

    aws.ec2.createTags(r -> r.resources(resources).tags(tag("a", "1"), tag("b", "2")));
    aws.ec2.createTags(r -> r.resources(eni).tags(tag("a", "3")));
    aws.ec2.deleteTags(r -> r.resources(resources).tags(tag("b", null)));

    assertThat(aws.describe(eni).tagSet()).containsExactly(tag("a", "3"));
    assertThat(aws.ec2.describeSubnets(r -> r.subnetIds(SUBNET_A)).subnets().getFirst().tags())
        .containsExactly(tag("a", "1"));
    assertThat(
            aws.ec2
                .describeInstances(r -> r.instanceIds(NODE))
                .reservations()
                .getFirst()
                .instances()
                .getFirst()
                .tags())
        .containsExactlyInAnyOrder(tag("Name", "node-a"), tag("a", "1"));
  }

  @Test
  void aTagWithAnotherValueIsNotRemoved() {
    String eni = aws.create(0).networkInterfaceId();
    aws.ec2.createTags(r -> r.resources(eni).tags(tag("a", "1"), tag("b", "2")));

    aws.ec2.deleteTags(r -> r.resources(eni).tags(tag("a", "other"), tag("b", "2")));

    assertThat(aws.describe(eni).tagSet()).containsExactly(tag("a", "1"));
  }

  @Test
  void tagsGoOnAllResourcesOrOnNone() {
    String eni = aws.create(0).networkInterfaceId();

    refused(
        () -> aws.ec2.createTags(r -> r.resources(eni, "i-0123456789abcdef0").tags(tag("a", "1"))),
        "InvalidInstanceID.NotFound",
        "i-0123456789abcdef0");
    refused(
        () -> aws.ec2.createTags(r -> r.resources(eni, "nonsense").tags(tag("a", "1"))),
        "InvalidID",
        "nonsense");
    refused(
        () -> aws.ec2.createTags(r -> r.resources(eni).tags(tag("aws:a", "1"))),
        "InvalidParameterValue",
        "reserved");
    assertThat(aws.describe(eni).tagSet()).isEmpty();
  }

  @Test
  void thereAreAtMostFiftyTags() {
    String eni = aws.create(0).networkInterfaceId();
    for (int i = 0; i < 50; i++) {
      String key = "k" + i;
      aws.ec2.createTags(r -> r.resources(eni).tags(tag(key, "")));
    }

    refused(
        () -> aws.ec2.createTags(r -> r.resources(eni).tags(tag("one-more", ""))),
        "TagLimitExceeded",
        "maximum number of tags");
    aws.ec2.createTags(r -> r.resources(eni).tags(tag("k0", "changed")));
  }

  private static Tag tag(String key, @Nullable String value) {
    return Tag.builder().key(key).value(value).build();
  }
}
