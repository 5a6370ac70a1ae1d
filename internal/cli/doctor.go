package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mybridge/internal/doctor"
)

func newDoctor(program Program) *cobra.Command {
	var target Target
	var engineSocket string
	var fix, asJSON bool
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is not as it should be, and mend it",
		Long: `Compare the state with the kernel's links, rules and settings, with the held ports,
with the addresses in use, and with the networks and containers that the engine
knows. Each difference is told with what it means and what --fix would do. Works in
the running plugin and, where none runs, on its state; nothing is changed without
--fix.

What the engine does not know is looked at twice, some seconds apart. Where the
engine cannot be asked, that is left out, and said.

The exit code is 0 where all is well, 1 where something is not, also after --fix,
and 2 where a part could not be examined, or an engine that --engine-socket names
could not be asked.`,
		Example: "  mybridge doctor\n  mybridge doctor --fix\n  mybridge doctor --json | jq -r '.[].subject'",
		Args:    asUsed,
		RunE: func(command *cobra.Command, _ []string) error {
			target.setSocket()
			request := doctor.Request{Fix: fix}
			if command.Flags().Changed(engineSocketFlag) {
				request.EngineSocket = engineSocket
			}
			report, err := program.Examine(command.Context(), target, request)
			if err != nil {
				return withCode(exitUsage, err)
			}
			return withCode(exitUsage, printReport(command, report, asJSON))
		},
	}
	flags := command.Flags()
	addTargetFlags(flags, &target)
	addDriverFlag(flags, &target)
	addEngineFlag(flags, &engineSocket, "asked what it knows")
	flags.BoolVar(&fix, "fix", false, "mend what can be mended")
	setVariable(flags, "fix", "")
	addJSONFlag(command, &asJSON)
	return command
}

// printReport also decides how the process ends.
func printReport(command *cobra.Command, report doctor.Report, asJSON bool) error {
	if report.NotAsked != "" {
		note := "what the engine knows was left out: " + report.NotAsked
		if err := printed(fmt.Fprintln(command.ErrOrStderr(), note)); err != nil {
			return err
		}
	}
	if asJSON {
		if err := printJSONList(command, report.Findings); err != nil {
			return err
		}
	} else if err := printParagraphs(command.OutOrStdout(), report); err != nil {
		return err
	}
	if len(report.Unknown) > 0 {
		var failures []error
		for _, reason := range report.Unknown {
			failures = append(failures, errors.New(reason))
		}
		return fmt.Errorf("not all could be examined: %w", errors.Join(failures...))
	}
	if open := report.Open(); open > 0 {
		return failure(fmt.Errorf("not as it should be: %d", open))
	}
	return nil
}

// printParagraphs prints a paragraph for each finding, a line for what is fixed.
func printParagraphs(w io.Writer, report doctor.Report) error {
	text := ""
	for _, f := range report.Findings {
		fix := f.Fix
		if fix == "" {
			fix = "none by itself"
		}
		if f.Fixed {
			text += fmt.Sprintf("fixed: %s\n", f)
			continue
		}
		text += fmt.Sprintf("%s\n  means: %s\n  fix:   %s\n", f, f.Meaning, fix)
	}
	if report.Open() == 0 && len(report.Unknown) == 0 {
		text += "healthy\n"
	}
	return printed(io.WriteString(w, text))
}
