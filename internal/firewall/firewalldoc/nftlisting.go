package firewalldoc

import (
	"slices"
	"strings"
)

// newerWords are what nft 1.1 prints in the place of what nft 1.0.6 does.
var newerWords = strings.NewReplacer(
	"hook output priority -100;", "hook output priority dstnat;",
	"@th,64,128", "icmpv6 taddr",
)

// parseNFT returns the sets, maps and chains of the tables of that name in what nft
// list ruleset printed. Versions of nft differ in words, and in the order and the
// wrapping of elements: the words are those of nft 1.1, and the elements sorted.
func parseNFT(listed, name string) []block {
	var blocks []block
	family, ours := "", false
	for line := range strings.Lines(newerWords.Replace(listed)) {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		switch {
		case len(words) == 4 && words[0] == "table":
			family, ours = words[1], words[2] == name
		case !ours || line == "" || line == "}":
		case len(words) == 3 && words[2] == "{":
			blocks = append(blocks, block{table: family, kind: words[0], name: words[1]})
		default:
			blocks[len(blocks)-1].add(line)
		}
	}
	for _, b := range blocks {
		if !b.isChain() {
			slices.Sort(b.items)
		}
	}
	return blocks
}

// add adds a line of what nft lists between the block's braces. Elements come last.
func (b *block) add(line string) {
	switch {
	case b.isChain() && !strings.HasPrefix(line, "type "):
		b.items = append(b.items, line)
	case strings.HasPrefix(line, "elements = {") || !b.isChain() && len(b.items) > 0:
		b.items = append(b.items, splitElements(line)...)
	default:
		b.head = append(b.head, line)
	}
}

// splitElements returns the elements on one line, which may be one of several.
func splitElements(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(line, "elements = {"), "}")
	var elements []string
	for element := range strings.SplitSeq(line, ",") {
		if element = strings.TrimSpace(element); element != "" {
			elements = append(elements, element)
		}
	}
	return elements
}
