package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
)

// TestObserved wants each call told of once, with its name, its time and its error,
// also where it was refused before it was made.
func TestObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _ := test.NewNullLogger()
		var told []string
		gate := NewGate(log, func(call string, took time.Duration, err error) {
			told = append(told, fmt.Sprint(call, " ", took, " ", err))
		})
		gate.Open()
		slow := func(err error) func(context.Context, []byte) (any, error) {
			return func(context.Context, []byte) (any, error) {
				time.Sleep(time.Second)
				return struct{}{}, err
			}
		}
		ask(gate.Handler(Call{Name: "Test.Good", Do: slow(nil)}), http.MethodPost, "{}")
		ask(gate.Handler(Call{Name: "Test.Bad", Do: slow(errors.New("no"))}), http.MethodPost, "{}")
		ask(gate.Handler(Call{Name: "Test.Refused", Do: slow(nil)}), http.MethodGet, "")
		want := []string{"Test.Good 1s <nil>", "Test.Bad 1s no", "Test.Refused 0s " + errNotPost.Error()}
		if !slices.Equal(told, want) {
			t.Errorf("told is %q, want %q", told, want)
		}
	})
}
