package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tutorial is the document that TestTutorial follows, and beside it the directory that
// it has the reader copy.
const tutorial = "../../docs/tutorial/index.md"

// TestTutorial types what the tutorial says, and wants the answers that it shows. At
// its end nothing is left.
func TestTutorial(t *testing.T) {
	onEachEngine(t, func(h *host) {
		text := readFile(t, tutorial)
		h.installShop()
		h.importBusybox()
		before := h.whatIsThere()
		steps := consoleSteps(text)
		if len(steps) < 20 {
			t.Fatalf("%s has %d commands", tutorial, len(steps))
		}
		for _, step := range steps {
			if h.follow(step); t.Failed() {
				return // the rest would fail for this
			}
		}
		h.wantAsBefore(before)
	})
}

// TestTutorialExcerpts wants what the tutorial shows of the Compose file to be in it.
func TestTutorialExcerpts(t *testing.T) {
	compose := readFile(t, filepath.Join(filepath.Dir(tutorial), "shop", "docker-compose.yml"))
	excerpts := fenced(readFile(t, tutorial), "yaml")
	if len(excerpts) == 0 {
		t.Errorf("%s shows nothing of it", tutorial)
	}
	for _, excerpt := range excerpts {
		if !strings.Contains(compose, excerpt) {
			t.Errorf("docker-compose.yml has no\n%s", excerpt)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// fenced returns the document's blocks in that language.
func fenced(text, language string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "```\n")
		blocks = append(blocks, block)
	}
	return blocks
}

// step is a command and what it is to answer, … standing for anything.
type step struct{ command, answer string }

func consoleSteps(text string) []step {
	var steps []step
	for _, block := range fenced(text, "console") {
		for _, part := range strings.Split("\n"+block, "\n# ")[1:] {
			command, answer, _ := strings.Cut(part, "\n")
			steps = append(steps, step{command, answer})
		}
	}
	return steps
}

// looks matches commands that change nothing: what they show may come a moment later.
var looks = regexp.MustCompile(`^(curl|ip|mybridge) `)

// follow runs the step as a reader of this host does.
func (h *host) follow(s step) {
	h.t.Helper()
	want := answerPattern(s.answer)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		answer, err := h.Run("sh", "-c", "cd /root/shop && "+h.forCompose(s.command))
		switch {
		case err == nil && want.MatchString(spaced(asCompose2(answer))):
			return
		case looks.MatchString(s.command) && time.Now().Before(deadline):
		case err != nil:
			h.t.Errorf("%s: %v", s.command, err)
			return
		default:
			h.t.Errorf("%s answers\n%s\nthe tutorial says\n%s", s.command, answer, s.answer)
			return
		}
	}
}

func answerPattern(answer string) *regexp.Regexp {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(spaced(answer)), "…", "(?s:.*)")
	return regexp.MustCompile("^" + pattern + "$")
}

// spaced has one space where columns are padded.
func spaced(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}

var (
	compose1Name = regexp.MustCompile(`shop_(\w+)_1`)
	compose2Name = regexp.MustCompile(`shop-(\w+)-1`)
)

// forCompose is the command for the host's version of Compose.
func (h *host) forCompose(command string) string {
	if _, err := h.Run("docker", "compose", "version"); err == nil {
		return command
	}
	command = strings.ReplaceAll(command, "docker compose", "docker-compose")
	return compose2Name.ReplaceAllString(command, "shop_${1}_1")
}

func asCompose2(answer string) string {
	return compose1Name.ReplaceAllString(answer, "shop-$1-1")
}

// installShop copies the tutorial's directory to where its reader does.
func (h *host) installShop() {
	h.t.Helper()
	shop := filepath.Join(filepath.Dir(tutorial), "shop")
	if err := os.CopyFS(h.Path("/root")+"/shop", os.DirFS(shop)); err != nil {
		h.t.Fatal(err)
	}
}

// importBusybox makes the host's busybox the image that everybody else gets from a
// registry.
func (h *host) importBusybox() {
	h.t.Helper()
	h.MustRun("sh", "-ec", `
		mkdir -p /tmp/busybox/bin /tmp/busybox/tmp
		cp /bin/busybox /tmp/busybox/bin
		for name in $(busybox --list); do
			[ "$name" = busybox ] || ln -s busybox "/tmp/busybox/bin/$name"
		done
		tar --create --directory /tmp/busybox . | docker import --change 'CMD ["sh"]' - busybox
		rm -r /tmp/busybox`)
}
