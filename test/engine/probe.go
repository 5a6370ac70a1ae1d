package engine

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// probeImage is the image's name and that of the program, see package probe.
const probeImage = "probe"

// probeProgram builds the probe once for all engines of the test process.
var probeProgram = sync.OnceValues(func() ([]byte, error) {
	directory, err := os.MkdirTemp("", "mybridge-probe-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	program := filepath.Join(directory, probeImage)
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "mybridge/test/probe")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the probe: %w: %s", err, output)
	}
	return os.ReadFile(program)
})

func (e *Engine) installProbe() {
	e.t.Helper()
	program, err := probeProgram()
	if err == nil {
		err = e.installProgram(probeImage, program)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// importProbe makes the probe an image, unless a former start of dockerd has
// done so.
func (e *Engine) importProbe() {
	e.t.Helper()
	if e.hasImage {
		return
	}
	program, err := probeProgram()
	if err != nil {
		e.t.Fatal(err)
	}
	archive, err := archiveOf(program)
	if err != nil {
		e.t.Fatal(err)
	}
	_, err = e.runWith(archive, "docker", "import",
		"--change", `ENTRYPOINT ["/probe"]`, "--change", `CMD ["sleep"]`, "-", probeImage)
	if err != nil {
		e.t.Fatal(err)
	}
	e.hasImage = true
}

func archiveOf(program []byte) ([]byte, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	header := tar.Header{Name: probeImage, Mode: 0o755, Size: int64(len(program))}
	if err := writer.WriteHeader(&header); err != nil {
		return nil, err
	}
	if _, err := writer.Write(program); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}
