package main

import (
	"net"
	"strings"
	"testing"
)

func TestDoctorLooksAtTheMeshPort(t *testing.T) {
	p, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := p.LocalAddr().String()
	if v := checkMeshPort(t.Context(), taken, false); v.State != stateWarn || !strings.Contains(v.Do, "--mesh") {
		t.Errorf("taken: %+v", v)
	}
	if v := checkMeshPort(t.Context(), taken, true); v.State != stateOK {
		t.Errorf("taken by the node: %+v", v)
	}
	p.Close()
	if v := checkMeshPort(t.Context(), taken, false); v.State != stateOK || !strings.Contains(v.Detail, taken+"/udp is free") {
		t.Errorf("free: %+v", v)
	}
}

func TestDoctorLooksUpWhomToJoin(t *testing.T) {
	if v := checkJoin(t.Context(), "127.0.0.1:7946"); v.State != stateOK || !strings.Contains(v.Detail, "only the name was looked up") {
		t.Errorf("%+v", v)
	}
	if v := checkJoin(t.Context(), "no such host:7946"); v.State != stateWarn || !strings.Contains(v.Do, "--join no such host:7946") {
		t.Errorf("%+v", v)
	}
}
