package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// checkMeshPort looks whether the mesh port is free. A node that runs here has most likely taken it.
func checkMeshPort(ctx context.Context, address string, running bool) verdict {
	p, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
	switch {
	case err == nil:
		p.Close()
		return verdict{Check: "mesh port", State: stateOK, Detail: address + "/udp is free"}
	case running:
		return verdict{Check: "mesh port", State: stateOK, Detail: address + "/udp is taken, by the node that runs already it seems"}
	}
	return verdict{"mesh port", stateWarn, err.Error(), "choose another address with --mesh, or stop what listens there, before this node joins a mesh"}
}

// checkJoin looks up a node to join. Whether it answers only a member can tell.
func checkJoin(ctx context.Context, address string) verdict {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	host, port, _ := net.SplitHostPort(address) // the configuration is checked
	ips, err := new(net.Resolver).LookupHost(ctx, host)
	if err != nil {
		return verdict{"join", stateWarn, err.Error(), "correct --join " + address + ", or the name service; the node goes on trying"}
	}
	return verdict{Check: "join", State: stateOK, Detail: fmt.Sprintf(
		"%s is %s; only the name was looked up: whether a node answers at port %s, `edged mesh members` shows once this one runs",
		host, strings.Join(ips, ", "), port)}
}

// checkBuffers reads the largest socket buffers that the kernel allows; QUIC asks for 7.5 MB.
func checkBuffers(dir string) verdict {
	const wanted = 7_500_000
	least, small := int64(-1), []string{}
	for _, name := range []string{"rmem_max", "wmem_max"} {
		n, err := readNumber(filepath.Join(dir, name))
		if err != nil {
			return verdict{Check: "udp buffers", State: stateOK, Detail: "this system does not tell them"}
		}
		if least < 0 || n < least {
			least = n
		}
		if n < wanted {
			small = append(small, fmt.Sprintf("net.core.%s=%d", name, wanted))
		}
	}
	if len(small) > 0 {
		return verdict{
			"udp buffers", stateWarn, sizeText(least) + " at most, which slows replication over long links",
			fmt.Sprintf("sudo sysctl -w %s; to keep it: printf '%s\\n' | sudo tee /etc/sysctl.d/60-edged.conf",
				strings.Join(small, " "), strings.Join(small, `\n`)),
		}
	}
	return verdict{Check: "udp buffers", State: stateOK, Detail: sizeText(least) + " at most"}
}
