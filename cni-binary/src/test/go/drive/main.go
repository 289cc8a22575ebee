// drive has the CNI reference library do one thing with a network list, as a container runtime does:
//
//	drive VERB LIST     LIST names the file; CNI_PATH, CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME and CNI_CACHE are set
//
// gc takes the valid attachments as further arguments, CONTAINER/INTERFACE each, or "all" for none that is told.
// It prints the result of add, and {"code": …, "msg": …} with status 1 for an error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

func valid(words []string) *libcni.GCArgs {
	if len(words) == 1 && words[0] == "all" {
		return nil
	}
	args := &libcni.GCArgs{}
	for _, word := range words {
		container, name, _ := strings.Cut(word, "/")
		args.ValidAttachments = append(args.ValidAttachments, types.GCAttachment{ContainerID: container, IfName: name})
	}
	return args
}

func run() error {
	ctx := context.Background()
	list, err := libcni.ConfListFromFile(os.Args[2])
	if err != nil {
		return err
	}
	cni := libcni.NewCNIConfigWithCacheDir(filepath.SplitList(os.Getenv("CNI_PATH")), os.Getenv("CNI_CACHE"), nil)
	runtime := &libcni.RuntimeConf{
		ContainerID: os.Getenv("CNI_CONTAINERID"),
		NetNS:       os.Getenv("CNI_NETNS"),
		IfName:      os.Getenv("CNI_IFNAME"),
		Args: [][2]string{
			{"IgnoreUnknown", "1"},
			{"K8S_POD_NAMESPACE", "default"},
			{"K8S_POD_NAME", os.Getenv("CNI_CONTAINERID")},
		},
	}
	switch os.Args[1] {
	case "add":
		result, err := cni.AddNetworkList(ctx, list, runtime)
		if err != nil {
			return err
		}
		return result.Print()
	case "check":
		return cni.CheckNetworkList(ctx, list, runtime)
	case "del":
		return cni.DelNetworkList(ctx, list, runtime)
	case "gc":
		return cni.GCNetworkList(ctx, list, valid(os.Args[3:]))
	case "status":
		return cni.GetStatusNetworkList(ctx, list)
	case "validate":
		capabilities, err := cni.ValidateNetworkList(ctx, list)
		fmt.Println(list.CNIVersion, strings.Join(capabilities, " "))
		return err
	}
	return fmt.Errorf("unknown verb %s", os.Args[1])
}

func main() {
	err := run()
	if err == nil {
		return
	}
	said := struct {
		Code uint   `json:"code"`
		Msg  string `json:"msg"`
	}{Msg: err.Error()}
	var cniError *types.Error
	if errors.As(err, &cniError) {
		said.Code = cniError.Code
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		panic(err)
	}
	os.Exit(1)
}
