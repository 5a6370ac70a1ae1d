package cli

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mybridge/internal/protocol"
)

var update = flag.Bool("update", false, "write docs/reference.md in the place of comparing with it")

const referenceFile = "../../docs/reference.md"

// TestReference wants docs/reference.md to be what the code has.
func TestReference(t *testing.T) {
	text := reference()
	if *update {
		if err := os.WriteFile(referenceFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	compare := exec.Command("diff", "--unified", "--new-file", referenceFile, "-")
	compare.Stdin = strings.NewReader(text)
	if difference, err := compare.CombinedOutput(); err != nil {
		t.Errorf("docs/reference.md is not what the code has; 'make docs' writes it:\n%s", difference)
	}
}

// TestReferenceHeads wants the file's links to its own headings to lead somewhere.
func TestReferenceHeads(t *testing.T) {
	text := reference()
	for _, link := range regexp.MustCompile(`\]\(#([a-z0-9-]+)\)`).FindAllStringSubmatch(text, -1) {
		heading := regexp.MustCompile(`(?im)^#+ ` + strings.ReplaceAll(link[1], "-", "[ -]") + `$`)
		if !heading.MatchString(text) {
			t.Errorf("no heading is #%s", link[1])
		}
	}
}

// referenceHead is what no table in the code knows: the flags of the engine's own
// command.
const referenceHead = `# Reference

All options of networks, commands, flags, variables and exit codes. This file is
written from the code by ` + "`make docs`" + `, and a test compares it.

## Options of a network

Flags of ` + "`docker network create`" + `, and what they mean for mybridge. In a Compose file the
driver and ` + "`driver_opts`" + ` stand in the network, the address manager and subnets in its
` + "`ipam`" + `: see the [tutorial](tutorial/index.md).

| flag | what it does | without it |
|---|---|---|
| ` + "`-d mybridge`" + ` | the network is mybridge's, under the name that ` + "`serve --name`" + ` gives | Docker's own driver |
| ` + "`--ipam-driver mybridge`" + ` | addresses are mybridge's too: [how they are chosen](addresses.md). ` + "`null`" + ` stands for none at all | Docker's own address manager |
| ` + "`--subnet`, `--gateway`, `--ip-range`, `--aux-address`" + ` | as for ` + "`bridge`" + `: IPv4 /8 to /32 or, with ` + "`--ipv6`" + `, also an IPv6 subnet; one subnet a family | the first /24 of 10.96.0.0/12, and with ` + "`--ipv6`" + ` the first /64 of a block of the host's own, that overlaps no network and nothing the host uses |
| ` + "`--ipv6`" + ` | IPv6 besides. Without it IPv6 is off on the bridge; router advertisements are not heard either way | off |
| ` + "`--internal`" + ` | no way out and no way in; neighbours reach each other | off |
| ` + "`-o NAME=VALUE`" + ` | the options below. One that is not known is refused by its name, never ignored | |

`

func reference() string {
	text := referenceHead + optionTable(protocol.NetworkOptions()) + "\n" +
		"`com.docker.network.advertise_addr_nmsgs` and `…_ms` are taken too: they are the engine's\n" +
		"own business, from 28 on. What each does to the packet filter: [firewall](firewall/index.md).\n\n" +
		"## Options of an endpoint\n\n" +
		"`docker run` and `docker network connect` take `--ip`, `--ip6` and `--mac-address`, and as\n" +
		"`docker network connect --driver-opt` or `docker run --network name=NETWORK,driver-opt=NAME=VALUE`:\n\n" +
		optionTable(protocol.EndpointOptions())
	text += "\n## Commands\n\n" +
		"Each is also there as `docker mybridge …` where mybridge was [installed](installation.md) by\n" +
		"package or `make install`. A flag that is not typed has the value of its environment\n" +
		"variable, where it has one and that is set.\n"
	commands := leaves(Commands())
	common := commonFlags(commands)
	for _, command := range commands {
		text += commandSection(command, common)
	}
	text += "\n## Common flags\n\n" + flagTable(common)
	return text + exitCodes()
}

func optionTable(options []protocol.Option) string {
	text := "| option | value | what it does | default |\n|---|---|---|---|\n"
	for _, o := range options {
		standard := o.Otherwise
		if o.Default != "" {
			standard = "`" + o.Default + "`"
		}
		text += fmt.Sprintf("| `%s` | %s | %s | %s |\n", o.Name, o.Value, o.Meaning, standard)
	}
	return text
}

// leaves are the commands that do something, those of a group beside each other.
func leaves(command *cobra.Command) []*cobra.Command {
	if !command.HasSubCommands() {
		return []*cobra.Command{command}
	}
	var found []*cobra.Command
	for _, child := range command.Commands() {
		if !child.Hidden {
			found = append(found, leaves(child)...)
		}
	}
	return found
}

// allFlags are those that the command takes, by name.
func allFlags(command *cobra.Command) []*pflag.Flag {
	var flags []*pflag.Flag
	add := func(f *pflag.Flag) { flags = append(flags, f) }
	command.NonInheritedFlags().VisitAll(add)
	command.InheritedFlags().VisitAll(add)
	slices.SortFunc(flags, func(a, b *pflag.Flag) int { return cmp.Compare(a.Name, b.Name) })
	return flags
}

// commonFlags are those that mean the same to several commands, by name.
func commonFlags(commands []*cobra.Command) []*pflag.Flag {
	met := map[string][]*pflag.Flag{}
	for _, command := range commands {
		for _, f := range allFlags(command) {
			met[flagRow(f)] = append(met[flagRow(f)], f)
		}
	}
	var common []*pflag.Flag
	for _, flags := range met {
		if len(flags) > 1 {
			common = append(common, flags[0])
		}
	}
	slices.SortFunc(common, func(a, b *pflag.Flag) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Usage, b.Usage))
	})
	return common
}

func commandSection(command *cobra.Command, common []*pflag.Flag) string {
	use := strings.TrimSuffix(command.UseLine(), " [flags]")
	name, arguments, _ := strings.Cut(use[len(command.CommandPath()):], " ")
	heading := command.CommandPath() + name
	about := command.Long
	if about == "" {
		about = command.Short + "."
	}
	text := fmt.Sprintf("\n### %s\n\n", heading)
	if arguments != "" {
		text += fmt.Sprintf("`%s %s`\n\n", heading, arguments)
	}
	text += prose(about) + "\n"
	if command.Example != "" {
		text += "\n" + indented(command.Example) + "\n"
	}
	var own []*pflag.Flag
	var shared []string
	for _, f := range allFlags(command) {
		same := func(other *pflag.Flag) bool { return flagRow(other) == flagRow(f) }
		if slices.ContainsFunc(common, same) {
			shared = append(shared, "`--"+f.Name+"`")
		} else {
			own = append(own, f)
		}
	}
	if len(own) > 0 {
		text += "\n" + flagTable(own)
	}
	if len(shared) > 0 {
		text += "\n[Common flags](#common-flags): " + strings.Join(shared, ", ") + ".\n"
	}
	return text
}

// prose is a command's text, in which what begins with two spaces keeps its lines.
func prose(long string) string {
	paragraphs := strings.Split(long, "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, "  ") {
			paragraphs[i] = indented(p)
		} else {
			paragraphs[i] = escaped(p)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// indented is a block of code.
func indented(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = "    " + strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}

func flagTable(flags []*pflag.Flag) string {
	text := "| flag | variable | default | what it does |\n|---|---|---|---|\n"
	for _, f := range flags {
		text += flagRow(f)
	}
	return text
}

func flagRow(f *pflag.Flag) string {
	variable, standard := "", ""
	if v := variableOf(f); v != "" {
		variable = "`" + v + "`"
	}
	if f.DefValue != "" {
		standard = "`" + f.DefValue + "`"
	}
	return fmt.Sprintf("| `--%s` | %s | %s | %s |\n", f.Name, variable, standard, escaped(f.Usage))
}

// escaped keeps what Markdown would take for a tag or a column.
func escaped(text string) string {
	return strings.NewReplacer("<", "&lt;", "|", `\|`, "*", `\*`).Replace(text)
}

func exitCodes() string {
	return fmt.Sprintf(`
## Exit codes

| exit code | |
|---|---|
| 0 | done; for `+"`doctor` and `ipam check`"+`, no differences |
| %d | failed; for `+"`doctor` and `ipam check`"+`, there are differences; for `+"`status`, `network`, `endpoint` and `events`"+`, the plugin does not run |
| %d | arguments that are not understood; for `+"`doctor` and `ipam check`"+`, it could not be told |
`, exitFailure, exitUsage)
}
