package figures

import (
	"math"
	"strings"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, test := range []struct {
		values      Rounds
		share, want float64
	}{
		{Rounds{3}, 0.25, 3}, {Rounds{9, 1, 2}, 0.5, 2}, {Rounds{4, 1, 100, 2}, 0.5, 3},
		{Rounds{1, 2, 3, 4, 5}, 0.25, 2}, {Rounds{1, 2, 3, 4}, 0.75, 3.25}, {Rounds{5, 4, 6}, 1, 6},
	} {
		if got := test.values.Quantile(test.share); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("quantile %g of %v: got %g, want %g", test.share, test.values, got, test.want)
		}
	}
}

func TestDigits(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 0.1234: "0.123", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 999.6: "1,000", 1234.5: "1,234", 1234567: "1,234,567",
	} {
		if got := Digits(value); got != want {
			t.Errorf("Digits(%g): got %q, want %q", value, got, want)
		}
	}
}

func TestWriteTable(t *testing.T) {
	var out strings.Builder
	if err := WriteTable(&out, []string{"FIGURE\tMEDIAN\tGOAL", "one\t1,234\t", "", "three\t1\t2"}); err != nil {
		t.Fatal(err)
	}
	want := "FIGURE  MEDIAN  GOAL\none     1,234\n\nthree  1  2\n"
	if got := out.String(); got != want {
		t.Errorf("got the table\n%s\nwant\n%s", got, want)
	}
}
