// The AWS SDK for Go, which the AWS plugin uses too, reads the simulator's answers: sdk, in the environment that
// SdkTest.java makes. It ends with 1 if a call fails, a warning is logged or an answer is not what was asked for.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

const (
	node   = "i-0a00000000000000a"
	subnet = "subnet-0a00000000000001a"
	group  = "sg-0a00000000000001a"
)

func must[T any](answer T, err error) T {
	check(err == nil, "%v", err)
	return answer
}

func check(holds bool, what string, arguments ...any) {
	if !holds {
		fmt.Fprintf(os.Stderr, what+"\n", arguments...)
		os.Exit(1)
	}
}

func refused(err error, code string) {
	var said smithy.APIError
	check(errors.As(err, &said) && said.ErrorCode() == code && said.ErrorMessage() != "", "%s expected: %v", code, err)
}

func client() *ec2.Client {
	return ec2.New(ec2.Options{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(os.Getenv("EC2")),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			}, nil
		}),
		Retryer:       aws.NopRetryer{},
		ClientLogMode: aws.LogRetries | aws.LogDeprecatedUsage,
		Logger: logging.LoggerFunc(func(level logging.Classification, format string, arguments ...any) {
			check(level != logging.Warn, format, arguments...)
		}),
	})
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	api := client()
	made := must(api.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{
		SubnetId: aws.String(subnet), SecondaryPrivateIpAddressCount: aws.Int32(1), Groups: []string{group},
		Description: aws.String("a & b <c> é"), ClientToken: aws.String("once"),
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeNetworkInterface,
			Tags:         []types.Tag{{Key: aws.String("team"), Value: aws.String("näher & <so>")}},
		}},
	})).NetworkInterface
	eni := made.NetworkInterfaceId
	attachment := must(api.AttachNetworkInterface(ctx, &ec2.AttachNetworkInterfaceInput{
		NetworkInterfaceId: eni, InstanceId: aws.String(node), DeviceIndex: aws.Int32(1),
	})).AttachmentId
	must(api.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{
		NetworkInterfaceId: eni, Attachment: &types.NetworkInterfaceAttachmentChanges{
			AttachmentId: attachment, DeleteOnTermination: aws.Bool(true),
		},
	}))
	added := must(api.AssignPrivateIpAddresses(ctx, &ec2.AssignPrivateIpAddressesInput{
		NetworkInterfaceId: eni, SecondaryPrivateIpAddressCount: aws.Int32(2),
	})).AssignedPrivateIpAddresses
	check(len(added) == 2, "2 addresses expected: %v", added)
	prefixes := must(api.AssignPrivateIpAddresses(ctx, &ec2.AssignPrivateIpAddressesInput{
		NetworkInterfaceId: eni, Ipv4PrefixCount: aws.Int32(1),
	})).AssignedIpv4Prefixes
	check(len(prefixes) == 1, "a prefix expected")
	of := &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{*eni}}
	seen := must(api.DescribeNetworkInterfaces(ctx, of)).NetworkInterfaces[0]
	check(*seen.Description == "a & b <c> é" && *seen.TagSet[0].Value == "näher & <so>", "description, tags: %v", seen)
	check(*seen.MacAddress == *made.MacAddress && *seen.VpcId != "" && *seen.SubnetId == subnet, "place: %v", seen)
	check(seen.Status == types.NetworkInterfaceStatusInUse && *seen.Attachment.InstanceId == node &&
		*seen.Attachment.DeleteOnTermination && !seen.Attachment.AttachTime.IsZero(), "attachment: %v", seen.Attachment)
	check(len(seen.PrivateIpAddresses) == 4 && len(seen.Ipv4Prefixes) == 1 && *seen.Groups[0].GroupId == group,
		"addresses, groups: %v", seen)
	must(api.UnassignPrivateIpAddresses(ctx, &ec2.UnassignPrivateIpAddressesInput{
		NetworkInterfaceId: eni, PrivateIpAddresses: []string{*added[0].PrivateIpAddress},
		Ipv4Prefixes: []string{*prefixes[0].Ipv4Prefix},
	}))
	must(api.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{*eni}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("")}},
	}))
	must(api.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{*eni}, Tags: []types.Tag{{Key: aws.String("k")}}}))
	describes(ctx, api)
	_, err := api.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: eni})
	refused(err, "InvalidParameterValue")
	must(api.DetachNetworkInterface(ctx, &ec2.DetachNetworkInterfaceInput{AttachmentId: attachment}))
	must(api.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: eni}))
	_, err = api.DescribeNetworkInterfaces(ctx, of)
	refused(err, "InvalidNetworkInterfaceID.NotFound")
	must(api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{node}}))
}

func describes(ctx context.Context, api *ec2.Client) {
	instances := must(api.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{node}}))
	check(len(instances.Reservations[0].Instances[0].NetworkInterfaces) == 2, "2 interfaces expected")
	check(len(must(api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})).Subnets) == 2, "2 subnets expected")
	check(len(must(api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})).Vpcs) == 1, "a VPC expected")
	check(len(must(api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{})).SecurityGroups) > 0, "groups")
	number := 0
	for pages := ec2.NewDescribeInstanceTypesPaginator(api, &ec2.DescribeInstanceTypesInput{
		MaxResults: aws.Int32(100),
	}); pages.HasMorePages(); {
		number += len(must(pages.NextPage(ctx)).InstanceTypes)
	}
	check(number > 1000, "1391 types expected: %d", number)
}
