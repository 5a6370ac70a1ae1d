package firewalldoc

import (
	"regexp"
	"strings"
)

// sentence says what a set, chain or rule is for.
type sentence struct {
	// pattern matches the whole of a subject.
	pattern *regexp.Regexp
	// text may have the pattern's groups in it: $1.
	text string
}

func on(pattern, text string) sentence {
	return sentence{regexp.MustCompile("^(?:" + pattern + ")$"), text}
}

// explanations are the texts that the sentences have for the subject: one, unless
// somebody has to write or to mend a sentence.
func explanations(sentences []sentence, subject string) []string {
	var texts []string
	for _, s := range sentences {
		if s.pattern.MatchString(subject) {
			texts = append(texts, s.pattern.ReplaceAllString(subject, s.text))
		}
	}
	return texts
}

// subject is what sentences on the block itself match: inet set bridges.
func (b block) subject() string { return b.table + " " + b.kind + " " + b.name }

// ruleSubject is what sentences on a rule of the chain match: its table, its chain,
// and the rule without its comment.
func (b block) ruleSubject(rule string) string {
	rule, _, _ = strings.Cut(rule, ` comment "`)
	return b.table + " " + b.name + " " + rule
}

// subjects are all that needs a sentence. Built-in chains of iptables need none.
func (b block) subjects() []string {
	var subjects []string
	if !b.isHook() {
		subjects = append(subjects, b.subject())
	}
	if b.isChain() {
		for _, rule := range b.items {
			subjects = append(subjects, b.ruleSubject(rule))
		}
	}
	return subjects
}
