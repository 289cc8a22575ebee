package io.millpond.node.crash;

import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.AssignPrivateIpAddressesRequest;
import software.amazon.awssdk.services.ec2.model.AssignPrivateIpAddressesResponse;
import software.amazon.awssdk.services.ec2.model.AttachNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.AttachNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DescribeInstanceTypesRequest;
import software.amazon.awssdk.services.ec2.model.DescribeInstanceTypesResponse;
import software.amazon.awssdk.services.ec2.model.DescribeNetworkInterfacesRequest;
import software.amazon.awssdk.services.ec2.model.DescribeNetworkInterfacesResponse;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsResponse;
import software.amazon.awssdk.services.ec2.model.DetachNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.DetachNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.ModifyNetworkInterfaceAttributeRequest;
import software.amazon.awssdk.services.ec2.model.ModifyNetworkInterfaceAttributeResponse;
import software.amazon.awssdk.services.ec2.model.UnassignPrivateIpAddressesRequest;
import software.amazon.awssdk.services.ec2.model.UnassignPrivateIpAddressesResponse;

/**
 * The calls that a daemon makes, as they are: to change some of them. (A dynamic proxy cannot have
 * as many methods as the client has.)
 */
class PassedOn implements Ec2Client {
  private final Ec2Client to;

  PassedOn(Ec2Client to) {
    this.to = to;
  }

  @Override
  public AssignPrivateIpAddressesResponse assignPrivateIpAddresses(
      AssignPrivateIpAddressesRequest request) {
    return to.assignPrivateIpAddresses(request);
  }

  @Override
  public AttachNetworkInterfaceResponse attachNetworkInterface(
      AttachNetworkInterfaceRequest request) {
    return to.attachNetworkInterface(request);
  }

  @Override
  public CreateNetworkInterfaceResponse createNetworkInterface(
      CreateNetworkInterfaceRequest request) {
    return to.createNetworkInterface(request);
  }

  @Override
  public DeleteNetworkInterfaceResponse deleteNetworkInterface(
      DeleteNetworkInterfaceRequest request) {
    return to.deleteNetworkInterface(request);
  }

  @Override
  public DescribeInstanceTypesResponse describeInstanceTypes(DescribeInstanceTypesRequest request) {
    return to.describeInstanceTypes(request);
  }

  @Override
  public DescribeNetworkInterfacesResponse describeNetworkInterfaces(
      DescribeNetworkInterfacesRequest request) {
    return to.describeNetworkInterfaces(request);
  }

  @Override
  public DescribeSubnetsResponse describeSubnets(DescribeSubnetsRequest request) {
    return to.describeSubnets(request);
  }

  @Override
  public DetachNetworkInterfaceResponse detachNetworkInterface(
      DetachNetworkInterfaceRequest request) {
    return to.detachNetworkInterface(request);
  }

  @Override
  public ModifyNetworkInterfaceAttributeResponse modifyNetworkInterfaceAttribute(
      ModifyNetworkInterfaceAttributeRequest request) {
    return to.modifyNetworkInterfaceAttribute(request);
  }

  @Override
  public UnassignPrivateIpAddressesResponse unassignPrivateIpAddresses(
      UnassignPrivateIpAddressesRequest request) {
    return to.unassignPrivateIpAddresses(request);
  }

  @Override
  public String serviceName() {
    return to.serviceName();
  }

  @Override
  public void close() {
    to.close();
  }
}
