"""The AWS SDK for Python reads the simulator's answers: sdk.py SCENARIO, in the environment that SdkTest.java makes.

A scenario fails if anything warns, or if an answer has an element, or a value, that the SDK's model of EC2 lacks.
"""
import json
import logging
import os
import re
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

NODE = "i-0a00000000000000a"
SUBNET = "subnet-0a00000000000001a"
GROUP = "sg-0a00000000000001a"
# What EC2 says of every network interface.
OF_AN_INTERFACE = {
    "AvailabilityZone", "Description", "Groups", "InterfaceType", "Ipv6Addresses", "MacAddress",
    "NetworkInterfaceId", "OwnerId", "PrivateDnsName", "PrivateIpAddress", "PrivateIpAddresses",
    "RequesterManaged", "SourceDestCheck", "Status", "SubnetId", "TagSet", "VpcId",
}  # fmt: skip
# Where EC2 itself says what its model lacks: "pending" of a new interface, and instance types that are younger.
BEYOND_THE_MODEL = r"^CreateNetworkInterface\.networkInterface\.status$|\.instanceType$"


class Warnings(logging.Handler):
    """Remembers what was logged as a warning or worse, and what the parsers could not make sense of."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.seen = []

    def emit(self, record):
        text = record.getMessage()
        if record.levelno >= logging.WARNING or (
            record.name == "botocore.parsers" and re.search("unknown|exception|invalid", str(record.msg), re.IGNORECASE)
        ):
            self.seen.append(f"{record.name}: {text}")


def conforms(shape, element, path):
    """Every element is a member of the model's shape, every value is one of its type and, if there is one, its enum."""
    if shape.type_name == "structure":
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for child in element:
            name = child.tag.split("}")[-1]
            assert name in members, f"{path}: the model has no {name}"
            conforms(members[name], child, f"{path}.{name}")
        present = {child.tag.split("}")[-1] for child in element}
        required = {shape.members[name].serialization.get("name", name) for name in shape.required_members}
        assert required <= present, f"{path} lacks {required - present}"
    elif shape.type_name == "list":
        for child in element:
            assert child.tag.split("}")[-1] == shape.member.serialization.get("name", "member"), f"{path}: {child.tag}"
            conforms(shape.member, child, path + "[]")
    else:
        value = element.text or ""
        assert not list(element), f"{path} is a value and has elements"
        form = {
            "boolean": "true|false",
            "integer": "-?[0-9]+",
            "long": "-?[0-9]+",
            "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
        }.get(shape.type_name, r"[\s\S]*")
        assert re.fullmatch(form, value), f"{path} is no {shape.type_name}: {value}"
        known = getattr(shape, "enum", None)
        assert not known or value in known or re.search(BEYOND_THE_MODEL, path), f"{path}: {value} is not in the model"


def check_answer(operation_model, response_dict, **_):
    root = ElementTree.fromstring(response_dict["body"])
    if response_dict["status_code"] >= 300:
        assert root.tag == "Response", root.tag
        assert [e.tag for e in root] == ["Errors", "RequestID"], ElementTree.tostring(root)
        return
    assert root.tag == "{http://ec2.amazonaws.com/doc/2016-11-15/}" + operation_model.name + "Response", root.tag
    assert root[0].tag.endswith("}requestId") and root[0].text, "an answer begins with its request id"
    root.remove(root[0])
    # Where there was nothing to say EC2 says <return>true</return>, and still does, whatever the model has.
    for said in root.findall("{*}return"):
        assert said.text == "true", said.text
        root.remove(said)
    if operation_model.output_shape is not None:
        conforms(operation_model.output_shape, root, operation_model.name)
    else:
        assert not len(root), ElementTree.tostring(root)


def client(**config):
    ec2 = boto3.client("ec2", endpoint_url=os.environ["EC2"], region_name="eu-central-1",
                       config=Config(**({"retries": {"total_max_attempts": 1}} | config)))  # fmt: skip
    ec2.meta.events.register(
        "before-parse.ec2.*", lambda operation_model, **more: check_answer(operation_model, **more)
    )
    ec2.meta.events.register("after-call.ec2.*", check_metadata)
    return ec2


def check_metadata(parsed, http_response, **_):
    metadata = parsed["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == http_response.status_code
    assert re.fullmatch("[0-9a-f-]{36}", metadata["RequestId"]), metadata
    assert metadata["HTTPHeaders"]["x-amzn-requestid"] == metadata["RequestId"]
    assert "Error" not in parsed or parsed["Error"]["Message"], parsed


def create(ec2, **more):
    return ec2.create_network_interface(SubnetId=SUBNET, **more)["NetworkInterface"]["NetworkInterfaceId"]


def describe(ec2, eni):
    return ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]


def every_action():
    ec2 = client()
    made = ec2.create_network_interface(
        SubnetId=SUBNET, SecondaryPrivateIpAddressCount=1, Groups=[GROUP], Description="a & b <c> \"d\" é",
        ClientToken="once",
        TagSpecifications=[{"ResourceType": "network-interface", "Tags": [{"Key": "team", "Value": "näher & <so>"}]}],
    )["NetworkInterface"]  # fmt: skip
    assert OF_AN_INTERFACE <= made.keys(), OF_AN_INTERFACE - made.keys()
    eni = made["NetworkInterfaceId"]
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[eni])
    attachment = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=NODE, DeviceIndex=1)["AttachmentId"]
    for change in (
        {"Attachment": {"AttachmentId": attachment, "DeleteOnTermination": True}},
        {"Description": {"Value": "other"}},
        {"SourceDestCheck": {"Value": False}},
        {"Groups": [GROUP]},
    ):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, **change)
    new = ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=2)
    new = [address["PrivateIpAddress"] for address in new["AssignedPrivateIpAddresses"]]
    assert len(new) == 2
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=new)
    prefixes = ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, Ipv4PrefixCount=1)["AssignedIpv4Prefixes"]
    seen = describe(ec2, eni)
    assert OF_AN_INTERFACE | {"Attachment"} <= seen.keys(), OF_AN_INTERFACE - seen.keys()
    assert seen["Description"] == "other" and not seen["SourceDestCheck"], seen
    assert seen["Attachment"]["DeleteOnTermination"] and seen["Attachment"]["InstanceId"] == NODE, seen
    assert seen["Ipv4Prefixes"] == prefixes and len(seen["PrivateIpAddresses"]) == 2, seen
    assert seen["TagSet"] == [{"Key": "team", "Value": "näher & <so>"}], seen
    instance = ec2.describe_instances(InstanceIds=[NODE])["Reservations"][0]["Instances"][0]
    assert {i["NetworkInterfaceId"] for i in instance["NetworkInterfaces"]} > {eni}, instance
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, Ipv4Prefixes=[p["Ipv4Prefix"] for p in prefixes])
    ec2.create_tags(Resources=[eni], Tags=[{"Key": "k", "Value": ""}])
    of_tag = [{"Name": "tag:k", "Values": [""]}, {"Name": "status", "Values": ["in-use"]}]
    assert len(ec2.describe_network_interfaces(Filters=of_tag)["NetworkInterfaces"]) == 1
    ec2.delete_tags(Resources=[eni], Tags=[{"Key": "k"}])
    assert not ec2.describe_network_interfaces(Filters=of_tag)["NetworkInterfaces"]
    assert ec2.describe_subnets()["Subnets"] and ec2.describe_vpcs()["Vpcs"]
    assert ec2.describe_security_groups(GroupIds=[GROUP])["SecurityGroups"]
    types = ec2.describe_instance_types(InstanceTypes=["t3.medium", "p4d.24xlarge", "m5.metal", "t2.micro"])
    assert len(types["InstanceTypes"]) == 4
    ec2.detach_network_interface(AttachmentId=attachment)
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[eni])
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.terminate_instances(InstanceIds=[NODE])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[NODE])


def pages():
    ec2 = client()
    made = {create(ec2) for _ in range(12)}
    answers = list(ec2.get_paginator("describe_network_interfaces").paginate(PaginationConfig={"PageSize": 5}))
    seen = [eni["NetworkInterfaceId"] for answer in answers for eni in answer["NetworkInterfaces"]]
    assert len(answers) > 2 and len(seen) == len(set(seen)) and made < set(seen), (len(answers), seen)
    types = [t for page in ec2.get_paginator("describe_instance_types").paginate() for t in page["InstanceTypes"]]
    assert len(types) > 1000, len(types)
    for kind, key in (("instances", "Reservations"), ("subnets", "Subnets"), ("vpcs", "Vpcs"),
                      ("security_groups", "SecurityGroups")):  # fmt: skip
        assert ec2.get_paginator("describe_" + kind).paginate(PaginationConfig={"PageSize": 5}).build_full_result()[key]


def refusals():
    ec2 = client()
    eni = create(ec2)
    attached = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=NODE, DeviceIndex=1)["AttachmentId"]
    nowhere = "eni-0123456789abcdef0"
    calls = [
        ("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces, {"NetworkInterfaceIds": [nowhere]}),
        ("InvalidNetworkInterfaceId.Malformed", ec2.describe_network_interfaces, {"NetworkInterfaceIds": ["eni-x"]}),
        ("InvalidNetworkInterfaceID.NotFound", ec2.delete_network_interface, {"NetworkInterfaceId": nowhere}),
        ("InvalidParameterValue", ec2.delete_network_interface, {"NetworkInterfaceId": eni}),
        ("InvalidSubnetID.NotFound", ec2.create_network_interface, {"SubnetId": "subnet-0123456789abcdef0"}),
        ("InvalidSecurityGroupID.NotFound", ec2.create_network_interface,
         {"SubnetId": SUBNET, "Groups": ["sg-0123456789abcdef0"]}),
        ("InvalidInstanceID.NotFound", ec2.describe_instances, {"InstanceIds": ["i-0123456789abcdef0"]}),
        ("InvalidAttachmentID.NotFound", ec2.detach_network_interface,
         {"AttachmentId": "eni-attach-0123456789abcdef0"}),
        ("PrivateIpAddressLimitExceeded", ec2.assign_private_ip_addresses,
         {"NetworkInterfaceId": eni, "SecondaryPrivateIpAddressCount": 6}),
        ("InvalidNetworkInterface.InUse", ec2.attach_network_interface,
         {"NetworkInterfaceId": eni, "InstanceId": NODE, "DeviceIndex": 2}),
        ("InvalidParameterValue", ec2.describe_network_interfaces,
         {"Filters": [{"Name": "no-such-filter", "Values": ["x"]}]}),
        ("InvalidAction", ec2.describe_addresses, {}),
        ("DryRunOperation", ec2.detach_network_interface, {"AttachmentId": attached, "DryRun": True}),
    ]  # fmt: skip
    for code, call, arguments in calls:
        try:
            call(**arguments)
        except ClientError as error:
            assert error.response["Error"]["Code"] == code, f"{code} expected: {error}"
        else:
            raise AssertionError(f"{code} expected of {call.__name__} with {arguments}")
    assert describe(ec2, eni)["Status"] == "in-use"


def throttling_is_tried_again():
    fault = {"action": "DescribeVpcs", "count": 2, "fault": {"kind": "error", "code": "RequestLimitExceeded"}}
    request = urllib.request.Request(os.environ["CONTROL"] + "/v1/faults", json.dumps(fault).encode())
    urllib.request.urlopen(request).close()
    answer = client(retries={"total_max_attempts": 4, "mode": "standard"}).describe_vpcs()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2, answer


def credentials_of_the_instance():
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = os.environ["IMDS"]
    credentials = boto3.Session().get_credentials()
    assert credentials.method == "iam-role", credentials.method
    assert credentials.get_frozen_credentials().access_key == "ASIAA00000000000000A"
    assert not credentials.refresh_needed()
    assert client().describe_vpcs()["Vpcs"]


if __name__ == "__main__":
    warnings = Warnings()
    logging.getLogger().addHandler(warnings)
    logging.getLogger().setLevel(logging.DEBUG)
    globals()[sys.argv[1]]()
    assert not warnings.seen, warnings.seen
