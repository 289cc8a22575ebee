// Asks a container runtime as the kubelet does, over CRI. Usage: cri SOCKET QUESTION [ARGUMENT...]
//
//	network                     whether the runtime says that its network is ready: "true" or "false: reason"
//	run NAME UID [HOSTPORT CONTAINERPORT PROTOCOL]   RunPodSandbox in the namespace "default": the sandbox's ID
//	status ID                   PodSandboxStatus: "READY" or "NOTREADY", and the address, if any
//	start ID NAME UID IMAGE COMMAND...   CreateContainer and StartContainer: the container's ID
//	exec CONTAINER COMMAND...   ExecSync: what it printed
//	stop ID, remove ID          StopPodSandbox, RemovePodSandbox
//	list                        the IDs of all sandboxes
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// As long as the kubelet waits for RunPodSandbox.
const patience = 4 * time.Minute

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: cri SOCKET QUESTION [ARGUMENT...]"))
	}
	connection, err := grpc.NewClient("unix://"+os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := ask(ctx, cri.NewRuntimeServiceClient(connection), os.Args[2], os.Args[3:])
	if err != nil {
		fail(err)
	}
	if answer != "" {
		fmt.Println(answer)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "cri:", err)
	os.Exit(1)
}

func ask(ctx context.Context, runtime cri.RuntimeServiceClient, question string, arguments []string) (string, error) {
	argument := func(i int) string {
		if i < len(arguments) {
			return arguments[i]
		}
		return ""
	}
	switch question {
	case "network":
		return network(ctx, runtime)
	case "run":
		config, err := sandbox(arguments)
		if err != nil {
			return "", err
		}
		run, err := runtime.RunPodSandbox(ctx, &cri.RunPodSandboxRequest{Config: config})
		return run.GetPodSandboxId(), err
	case "status":
		answer, err := runtime.PodSandboxStatus(ctx, &cri.PodSandboxStatusRequest{PodSandboxId: argument(0)})
		status := answer.GetStatus()
		state := strings.TrimPrefix(status.GetState().String(), "SANDBOX_")
		return strings.TrimSpace(state + " " + status.GetNetwork().GetIp()), err
	case "start":
		return start(ctx, runtime, arguments)
	case "exec":
		ran, err := runtime.ExecSync(ctx, &cri.ExecSyncRequest{ContainerId: argument(0), Cmd: arguments[1:], Timeout: 60})
		if err == nil && ran.ExitCode != 0 {
			err = fmt.Errorf("status %d: %s%s", ran.ExitCode, ran.Stdout, ran.Stderr)
		}
		return strings.TrimSpace(string(ran.GetStdout())), err
	case "stop":
		_, err := runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: argument(0)})
		return "", err
	case "remove":
		_, err := runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: argument(0)})
		return "", err
	case "list":
		all, err := runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{})
		var ids []string
		for _, one := range all.GetItems() {
			ids = append(ids, one.Id)
		}
		return strings.Join(ids, "\n"), err
	}
	return "", fmt.Errorf("unknown question %q", question)
}

func network(ctx context.Context, runtime cri.RuntimeServiceClient) (string, error) {
	status, err := runtime.Status(ctx, &cri.StatusRequest{})
	for _, condition := range status.GetStatus().GetConditions() {
		if condition.Type == cri.NetworkReady {
			if condition.Status {
				return "true", err
			}
			return "false: " + condition.Message, err
		}
	}
	return "", err
}

func sandbox(arguments []string) (*cri.PodSandboxConfig, error) {
	if len(arguments) < 2 {
		return nil, fmt.Errorf("a sandbox needs a name and a UID")
	}
	config := &cri.PodSandboxConfig{
		Metadata: &cri.PodSandboxMetadata{Name: arguments[0], Uid: arguments[1], Namespace: "default"},
		Hostname: arguments[0],
		Linux:    &cri.LinuxPodSandboxConfig{},
	}
	if len(arguments) > 2 {
		if len(arguments) != 5 {
			return nil, fmt.Errorf("a host port is HOSTPORT CONTAINERPORT PROTOCOL")
		}
		host, err := strconv.Atoi(arguments[2])
		if err != nil {
			return nil, err
		}
		container, err := strconv.Atoi(arguments[3])
		if err != nil {
			return nil, err
		}
		protocol, known := cri.Protocol_value[strings.ToUpper(arguments[4])]
		if !known {
			return nil, fmt.Errorf("unknown protocol %q", arguments[4])
		}
		config.PortMappings = []*cri.PortMapping{
			{HostPort: int32(host), ContainerPort: int32(container), Protocol: cri.Protocol(protocol)},
		}
	}
	return config, nil
}

func start(ctx context.Context, runtime cri.RuntimeServiceClient, arguments []string) (string, error) {
	if len(arguments) < 5 {
		return "", fmt.Errorf("start ID NAME UID IMAGE COMMAND...")
	}
	config, err := sandbox(arguments[1:3])
	if err != nil {
		return "", err
	}
	created, err := runtime.CreateContainer(ctx, &cri.CreateContainerRequest{
		PodSandboxId:  arguments[0],
		SandboxConfig: config,
		Config: &cri.ContainerConfig{
			Metadata: &cri.ContainerMetadata{Name: "main"},
			Image:    &cri.ImageSpec{Image: arguments[3]},
			Command:  arguments[4:],
			Linux:    &cri.LinuxContainerConfig{},
		},
	})
	if err != nil {
		return "", err
	}
	_, err = runtime.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: created.ContainerId})
	return created.ContainerId, err
}
