package iptables

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-iptables/iptables"
)

// lockWait is how many seconds iptables waits for the xtables lock.
const lockWait = 5

// errLocked says that somebody else held the xtables lock for as long as lockWait.
// Then nothing was changed.
var errLocked = errors.New("another program holds the xtables lock")

// variants are the names under which iptables is installed: that of the
// distribution's choice, and those of both variants (iptables 1.8), whose rules are
// not the same.
var variants = []string{"iptables", "iptables-legacy", "iptables-nft"}

// chooseVariant returns the first variant in which the engine has its chains, as
// only there ours stand behind them; the default where none has.
func chooseVariant() string {
	if i := slices.IndexFunc(variants, holdsEngine); i >= 0 {
		return variants[i]
	}
	return variants[0]
}

func holdsEngine(variant string) bool {
	// To ask iptables-legacy would make its tables, which nft then warns of.
	if variant == "iptables-legacy" && !hasLegacyTables() {
		return false
	}
	saved, err := saveFilter(context.Background(), variant)
	return err == nil && (hasChain(saved, "DOCKER-USER") || hasChain(saved, "DOCKER"))
}

// saveFilter lists the filter table. Other than listing it by iptables it waits for
// no lock, so that nobody who holds it for long makes a start go wrong.
func saveFilter(ctx context.Context, program string) (string, error) {
	return run(ctx, "", program+"-save", "-t", "filter")
}

// hasChain reports whether the table that was saved has a chain of that name.
func hasChain(saved, name string) bool { return strings.Contains(saved, "\n:"+name+" ") }

// hasLegacyTables asks the kernel which tables were made in this namespace.
func hasLegacyTables() bool {
	names, err := os.ReadFile("/proc/thread-self/net/ip_tables_names")
	return err == nil && strings.Contains(string(names), "filter")
}

// findProgram fails where the program is missing, and where the kernel has not
// the family: then it is there and cannot be used.
func findProgram(variant string, ipv6 bool) (string, error) {
	program, protocol := variant, iptables.ProtocolIPv4
	if ipv6 {
		program, protocol = strings.Replace(variant, "ip", "ip6", 1), iptables.ProtocolIPv6
	}
	if _, err := iptables.New(iptables.Path(program), iptables.IPFamily(protocol), iptables.Timeout(lockWait)); err != nil {
		return "", err
	}
	if _, err := saveFilter(context.Background(), program); err != nil {
		return "", err
	}
	return program, nil
}

// runner runs a program with that input and returns its output.
type runner func(ctx context.Context, input, program string, arguments ...string) (string, error)

// run ends the program when the context ends. Its error says what the program
// complained of: a line of the input, or that somebody else holds the lock.
func run(ctx context.Context, input, program string, arguments ...string) (string, error) {
	var output, complaint bytes.Buffer
	command := exec.CommandContext(ctx, program, arguments...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &output, &complaint
	err := ran.start(command)
	if err == nil {
		err = command.Wait()
	}
	if err == nil {
		return output.String(), nil
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("running %s: %w", program, ctx.Err())
	}
	reason := strings.Join(strings.Fields(complaint.String()), " ")
	if strings.Contains(reason, "holding the xtables lock") {
		return "", fmt.Errorf("running %s: %w: %s", program, errLocked, reason)
	}
	if reason == "" {
		return "", fmt.Errorf("running %s: %w", program, err)
	}
	return "", fmt.Errorf("running %s: %w: %s%s", program, err, reason, quoteLine(input, reason))
}

var lineNumber = regexp.MustCompile(`line:? (\d+)`)

// quoteLine is the line of the input that the complaint names by its number.
func quoteLine(input, complaint string) string {
	match := lineNumber.FindStringSubmatch(complaint)
	if match == nil {
		return ""
	}
	number, err := strconv.Atoi(match[1])
	lines := strings.Split(input, "\n")
	if err != nil || number < 1 || number > len(lines) {
		return ""
	}
	return fmt.Sprintf(" (%q)", lines[number-1])
}
