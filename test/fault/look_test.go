package fault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"mybridge/driver"
	"mybridge/ipam"
)

// look returns all that can be seen of the host and of the plugin's state, a line
// each, sorted: links with their settings, rules, bound ports, pools, leases,
// published ports, and which endpoints are known.
func (w *world) look(endpoints []ids) ([]string, error) {
	var lines []string
	for _, part := range []func() ([]string, error){w.links, w.nftables, w.iptables, w.sockets, w.addresses, w.ports} {
		more, err := part()
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	for _, e := range endpoints {
		_, err := w.plugin.Call(context.Background(), "NetworkDriver.EndpointOperInfo", e)
		lines = append(lines, fmt.Sprintf("endpoint %s of %s is known: %t", e.EndpointID, e.NetworkID, err == nil))
	}
	slices.Sort(lines)
	return lines, nil
}

// random are MACs, and the link-local addresses made of them.
var random = regexp.MustCompile(`\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b|\bfe80::[0-9a-f:]+`)

func output(name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	var complaint strings.Builder
	command.Stderr = &complaint
	printed, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", command, err, complaint.String())
	}
	return random.ReplaceAllString(string(printed), "random"), nil
}

// links are the host's.
func (w *world) links() ([]string, error) {
	printed, err := output("ip", "-json", "-details", "address", "show")
	if err != nil {
		return nil, err
	}
	var links []struct {
		Name   string   `json:"ifname"`
		Alias  string   `json:"ifalias"`
		Flags  []string `json:"flags"`
		MTU    int      `json:"mtu"`
		Master string   `json:"master"`
		Kind   struct {
			Kind string                  `json:"info_kind"`
			Port struct{ Isolated bool } `json:"info_slave_data"`
		} `json:"linkinfo"`
		Addresses []struct {
			Local  string
			Length int `json:"prefixlen"`
		} `json:"addr_info"`
	}
	if err := json.Unmarshal([]byte(printed), &links); err != nil {
		return nil, err
	}
	var lines []string
	for _, l := range links {
		line := fmt.Sprintf("link %s %s %q mtu %d master %q isolated %t up %t", l.Name, l.Kind.Kind, l.Alias, l.MTU, l.Master, l.Kind.Port.Isolated, slices.Contains(l.Flags, "UP"))
		for _, a := range l.Addresses {
			if a.Local != "random" {
				line += fmt.Sprintf(" %s/%d", a.Local, a.Length)
			}
		}
		settings, err := settingsOf(l.Name)
		if errors.Is(err, os.ErrNotExist) {
			continue // it went after it was listed
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, line+settings)
	}
	return lines, nil
}

func settingsOf(link string) (string, error) {
	var settings string
	for _, setting := range []string{"disable_ipv6", "accept_ra"} {
		value, err := os.ReadFile("/proc/sys/net/ipv6/conf/" + link + "/" + setting)
		if err != nil {
			return "", err
		}
		settings += fmt.Sprintf(" %s %s", setting, strings.TrimSpace(string(value)))
	}
	return settings, nil
}

// nftables are all rules and elements, but those that iptables shows.
func (w *world) nftables() ([]string, error) {
	printed, err := output("nft", "--json", "list", "ruleset")
	if err != nil {
		return nil, err
	}
	var listed struct {
		Objects []map[string]map[string]any `json:"nftables"`
	}
	if err := json.Unmarshal([]byte(printed), &listed); err != nil {
		return nil, err
	}
	var lines []string
	rules := map[string]int{}
	for _, object := range listed.Objects {
		for kind, o := range object {
			table := fmt.Sprint(o["table"])
			if kind == "metainfo" || slices.Contains([]string{"filter", "nat", "mangle"}, table) || kind == "table" && slices.Contains([]any{"filter", "nat", "mangle"}, o["name"]) {
				continue
			}
			delete(o, "handle")
			place := fmt.Sprint(kind, " ", o["family"], " ", table, " ", o["chain"])
			rules[place]++
			for _, element := range elements(o) {
				lines = append(lines, fmt.Sprintf("nft element of %s %s %s: %s", o["family"], table, o["name"], element))
			}
			text, err := json.Marshal(o)
			if err != nil {
				return nil, err
			}
			number := 0
			if kind == "rule" {
				number = rules[place]
			}
			lines = append(lines, fmt.Sprintf("nft %s %d %s", kind, number, text))
		}
	}
	return lines, nil
}

// elements takes them out of a set or map, whose order says nothing.
func elements(object map[string]any) []string {
	list, _ := object["elem"].([]any)
	delete(object, "elem")
	var texts []string
	for _, element := range list {
		text, _ := json.Marshal(element) // was just read
		texts = append(texts, string(text))
	}
	return texts
}

// iptables are its rules and the chains that somebody made.
func (w *world) iptables() ([]string, error) {
	if !w.host.iptables {
		return nil, nil
	}
	var lines []string
	for _, program := range []string{"iptables-save", "ip6tables-save"} {
		printed, err := output(program)
		if err != nil {
			return nil, err
		}
		table := ""
		for line := range strings.Lines(printed) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "*"):
				table = line
			case strings.HasPrefix(line, "-A "), strings.HasPrefix(line, ":") && strings.Contains(line, " - "):
				line, _, _ = strings.Cut(line, " [") // packets counted
				lines = append(lines, fmt.Sprintf("%s %s %03d %s", program, table, len(lines), line))
			}
		}
	}
	return lines, nil
}

// sockets are the bound ports.
func (w *world) sockets() ([]string, error) {
	printed, err := output("ss", "--no-header", "--listening", "--numeric", "--tcp", "--udp")
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(printed) {
		const protocol, local = 0, 4
		fields := strings.Fields(line)
		lines = append(lines, "socket "+fields[protocol]+" "+fields[local])
	}
	return lines, nil
}

// addresses are the pools and leases of mybridge ipam ls, show and dump.
func (w *world) addresses() ([]string, error) {
	var pools []ipam.PoolView
	if err := w.plugin.admin("/ipam/pools", &pools); err != nil {
		return nil, err
	}
	var lines []string
	for _, pool := range pools {
		var details ipam.PoolDetails
		if err := w.plugin.admin("/ipam/pools/"+pool.Subnet.String(), &details); err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("pool %s range %s of %q doubt %q", pool.Subnet, pool.Range, pool.Network, pool.Doubt))
		for _, a := range details.Addresses {
			if a.State == ipam.Held || a.State == ipam.Pending || a.State == ipam.Reserved {
				lines = append(lines, fmt.Sprintf("address %s %s %s %q %q", a.Address, a.State, a.Kind, a.Endpoint, a.Name))
			}
		}
	}
	var dump struct{ Bitmaps map[string]string }
	if err := w.plugin.admin("/ipam/bitmaps", &dump); err != nil {
		return nil, err
	}
	for subnet, bitmap := range dump.Bitmaps {
		lines = append(lines, fmt.Sprintf("bitmap %s %s", subnet, bitmap))
	}
	return lines, nil
}

// ports are those of mybridge ports.
func (w *world) ports() ([]string, error) {
	var ports []driver.PublishedPort
	if err := w.plugin.admin("/ports", &ports); err != nil {
		return nil, err
	}
	var lines []string
	for _, p := range ports {
		lines = append(lines, fmt.Sprintf("published %s of %s: %s to %s", p.Endpoint, p.Network, p.Mapping, p.Container))
	}
	return lines, nil
}

// admin asks the plugin what the commands of a person ask it.
func (p *plugin) admin(path string, value any) error {
	answer, err := p.Get(context.Background(), path)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, value)
}
