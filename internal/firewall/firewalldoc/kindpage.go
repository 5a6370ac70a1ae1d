package firewalldoc

import (
	"fmt"
	"strings"
)

// kindPage shows what the rules of the kind have and the others have not, which the
// introduction says, and the reverse.
func kindPage(k kind, introduction string, seen, others listing) string {
	d := newDocument(k.title)
	d.paragraph("%s", k.summary)
	d.fence([]string{k.commands})
	d.paragraph("%s", introduction)

	d.heading("nftables")
	before := d.Len()
	for _, family := range []string{"inet", "bridge"} {
		d.nftTable(family, inTable(seen.nft, family), inTable(others.nft, family))
	}
	d.saved("iptables-save", seen.accepts, others.accepts)
	d.orNothing(before)

	d.heading("iptables")
	before = d.Len()
	d.saved("iptables-save", seen.ipv4, others.ipv4)
	d.saved6(seen, others)
	d.orNothing(before)
	return d.String()
}

// orNothing says that nothing was written since the document had that length.
func (d *document) orNothing(length int) {
	if d.Len() == length {
		d.paragraph("Nothing.")
	}
}

func (d *document) nftTable(family string, seen, others []block) {
	if len(seen) == 0 {
		d.paragraph("There is no table `%s mybridge`.", family)
		return
	}
	if more := different(seen, others); len(more) > 0 {
		d.paragraph("In table `%s mybridge`:", family)
		d.fence(nftLines(more))
	}
	d.missing("nft list ruleset", missing(seen, others))
}

// saved shows chains of ours, without the jumps to them.
func (d *document) saved(program string, seen, others []block) {
	if more := ownChains(different(seen, others)); len(more) > 0 {
		d.paragraph("`%s`:", program)
		d.fence(ruleLines(more))
	}
	d.missing(program, ownChains(missing(seen, others)))
}

// saved6 shows those of IPv6, and only names what is the same as for IPv4.
func (d *document) saved6(seen, others listing) {
	more := ownChains(different(seen.ipv6, others.ipv6))
	own := different(more, seen.ipv4)
	if alike := names(different(more, own)); alike != "" {
		d.paragraph("`ip6tables-save` has the same in %s.", alike)
	}
	d.saved("ip6tables-save", own, nil)
	d.missing("ip6tables-save", ownChains(missing(seen.ipv6, others.ipv6)))
}

// missing names what only others have.
func (d *document) missing(program string, blocks []block) {
	chains := where(blocks, block.isChain)
	if sets := different(blocks, chains); len(sets) > 0 {
		d.paragraph("There is no element in %s.", names(sets))
	}
	if len(chains) > 0 {
		d.paragraph("`%s` has no chain %s.", program, names(chains))
	}
}

// names are the blocks' in a sentence, those of iptables with their tables.
func names(blocks []block) string {
	var names []string
	for _, b := range blocks {
		name := fmt.Sprintf("`%s`", b.name)
		if strings.HasPrefix(b.name, chainPrefix) {
			name += " of " + b.table
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
