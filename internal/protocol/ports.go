package protocol

import (
	"encoding/json"
	"fmt"
	"slices"

	"mybridge/driver"
	"mybridge/internal/hostport"
)

// portBinding is a port mapping as the engine sends it (its types.PortBinding).
type portBinding struct {
	// Proto is 6, 17 or 132.
	Proto uint8
	// IP is the container's, which the endpoint says.
	IP   string
	Port uint16
	// HostIP is empty for the network's default.
	HostIP string
	// HostPort is 0 for any, HostPortEnd 0 or not below HostPort.
	HostPort    uint16
	HostPortEnd uint16
}

// parsePublication returns what the options say is to be published.
func parsePublication(options map[string]any) (driver.Publication, error) {
	if err := checkEndpointOptions(options); err != nil {
		return driver.Publication{}, err
	}
	var publication driver.Publication
	var err error
	if value, given := options[labelNoIPv6ToIPv4]; given {
		if publication.NoIPv6ToIPv4, err = parseBool(labelNoIPv6ToIPv4, value); err != nil {
			return driver.Publication{}, err
		}
	}
	bindings, err := parseBindings(options[labelPortMap])
	if err != nil {
		return driver.Publication{}, err
	}
	for _, binding := range bindings {
		port, err := binding.parse()
		if err != nil {
			return driver.Publication{}, err
		}
		publication.Ports = append(publication.Ports, port)
	}
	return publication, nil
}

// parseBindings has the decoder take apart what it took for objects of any kind.
func parseBindings(value any) ([]portBinding, error) {
	if value == nil {
		return nil, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("option %s: %w", labelPortMap, err)
	}
	var bindings []portBinding
	if err := json.Unmarshal(text, &bindings); err != nil {
		return nil, fmt.Errorf("option %s is not a list of port mappings: %w", labelPortMap, err)
	}
	return bindings, nil
}

func (b portBinding) parse() (driver.PortRequest, error) {
	port := driver.PortRequest{Protocol: hostport.Protocol(b.Proto), Container: b.Port, First: b.HostPort, Last: max(b.HostPort, b.HostPortEnd)}
	if !slices.Contains(hostport.Protocols(), port.Protocol) {
		return driver.PortRequest{}, fmt.Errorf("port mapping: Proto %d is not known: allowed are 6 (tcp), 17 (udp) and 132 (sctp)", b.Proto)
	}
	if b.Port == 0 {
		return driver.PortRequest{}, fmt.Errorf("port mapping to host port %d: Port is 0: allowed is 1 to 65535", b.HostPort)
	}
	if b.HostPortEnd != 0 && b.HostPortEnd < b.HostPort || b.HostPort == 0 && b.HostPortEnd != 0 {
		return driver.PortRequest{}, fmt.Errorf("port mapping of port %d/%s: host ports %d to %d are no range", b.Port, port.Protocol, b.HostPort, b.HostPortEnd)
	}
	if b.HostIP == "" {
		return port, nil
	}
	var err error
	port.Host, err = parseBinding(fmt.Sprintf("port mapping of port %d/%s: HostIP", b.Port, port.Protocol), b.HostIP)
	return port, err
}
