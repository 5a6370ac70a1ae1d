package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// asUsed takes the arguments that the command's Use names: none, one, or in brackets
// at most one.
func asUsed(command *cobra.Command, given []string) error {
	_, argument, takesOne := strings.Cut(command.Use, " ")
	most := 0
	if takesOne {
		most = 1
	}
	if len(given) > most {
		return fmt.Errorf("argument %q is one too many: the form is '%s'", given[most], usage(command, argument))
	}
	if len(given) == 0 && takesOne && !strings.HasPrefix(argument, "[") {
		return fmt.Errorf("%s is missing: the form is '%s'", argument, usage(command, argument))
	}
	return nil
}

func usage(command *cobra.Command, argument string) string {
	return strings.TrimSpace(command.CommandPath() + " " + argument)
}
