package firewalldoc

import "strings"

// explained is the sentence on the subject, as lines of comment.
func explained(sentences []sentence, subject, indent string) []string {
	return wrap(strings.Join(explanations(sentences, subject), " "), indent+"# ")
}

// nftLines are the blocks as nft lists them, each set, chain and rule below its
// sentence.
func nftLines(blocks []block) []string {
	var lines []string
	for i, b := range blocks {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, explained(nftSentences, b.subject(), "")...)
		lines = append(lines, b.kind+" "+b.name+" {")
		for _, line := range b.head {
			lines = append(lines, "\t"+line)
		}
		lines = append(append(lines, b.nftItems()...), "}")
	}
	return lines
}

func (b block) nftItems() []string {
	var lines []string
	if b.isChain() {
		for _, rule := range b.items {
			lines = append(append(lines, explained(nftSentences, b.ruleSubject(rule), "\t")...), "\t"+rule)
		}
		return lines
	}
	if len(b.items) > 0 {
		lines = append(lines, "\telements = { "+strings.Join(b.items, ",\n\t\t     ")+" }")
	}
	return lines
}

// ruleLines are the rules of chains as iptables-save lists them, each below its
// sentence.
func ruleLines(chains []block) []string {
	return byTable(chains, func(c block) []string {
		var lines []string
		for _, rule := range c.items {
			lines = append(lines, explained(iptablesSentences, c.ruleSubject(rule), "")...)
			lines = append(lines, "-A "+c.name+" "+rule)
		}
		return lines
	})
}

// chainLines are chains of ours as iptables-save declares them, each below its
// sentence.
func chainLines(chains []block) []string {
	return byTable(chains, func(c block) []string {
		return append(explained(iptablesSentences, c.subject(), ""), c.head...)
	})
}

// byTable begins the lines of the chains of each table with its name.
func byTable(chains []block, lines func(c block) []string) []string {
	var all []string
	for _, table := range iptablesTables {
		inside := inTable(chains, table)
		if len(inside) == 0 {
			continue
		}
		if len(all) > 0 {
			all = append(all, "")
		}
		all = append(all, "*"+table)
		for _, c := range inside {
			all = append(all, lines(c)...)
		}
	}
	return all
}
