// skeleton is a plugin that does nothing, built with the CNI reference library's own skeleton as its plugins are: it
// reads CNI_ARGS and prevResult with the library, and CHECK needs a prevResult.
package main

import (
	"encoding/json"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"
)

type arguments struct {
	types.CommonArgs
	K8S_POD_NAMESPACE          types.UnmarshallableString
	K8S_POD_NAME               types.UnmarshallableString
	K8S_POD_INFRA_CONTAINER_ID types.UnmarshallableString
	K8S_POD_UID                types.UnmarshallableString
}

func read(args *skel.CmdArgs) (*types.NetConf, error) {
	conf := &types.NetConf{}
	if err := json.Unmarshal(args.StdinData, conf); err != nil {
		return nil, types.NewError(types.ErrDecodingFailure, err.Error(), "")
	}
	if err := types.LoadArgs(args.Args, &arguments{}); err != nil {
		return nil, err
	}
	return conf, nil
}

func add(args *skel.CmdArgs) error {
	conf, err := read(args)
	if err != nil {
		return err
	}
	if err := version.ParsePrevResult(conf); err != nil {
		return types.NewError(types.ErrDecodingFailure, err.Error(), "")
	}
	address, err := types.ParseCIDR("10.0.1.9/24")
	if err != nil {
		return err
	}
	result := &types100.Result{
		CNIVersion: types100.ImplementedSpecVersion,
		Interfaces: []*types100.Interface{{Name: args.IfName, Sandbox: args.Netns}},
		IPs:        []*types100.IPConfig{{Interface: types100.Int(0), Address: *address}},
	}
	version := conf.CNIVersion
	if version == "" {
		version = "0.1.0"
	}
	return types.PrintResult(result, version)
}

func check(args *skel.CmdArgs) error {
	conf, err := read(args)
	if err != nil {
		return err
	}
	if conf.RawPrevResult == nil {
		return types.NewError(types.ErrInvalidNetworkConfig, "CHECK needs a prevResult", "")
	}
	if err := version.ParsePrevResult(conf); err != nil {
		return types.NewError(types.ErrDecodingFailure, err.Error(), "")
	}
	return nil
}

func del(args *skel.CmdArgs) error {
	_, err := read(args)
	return err
}

func nothing(_ *skel.CmdArgs) error {
	return nil
}

func main() {
	skel.PluginMainFuncs(
		skel.CNIFuncs{Add: add, Check: check, Del: del, GC: nothing, Status: nothing},
		version.All, "skeleton")
}
