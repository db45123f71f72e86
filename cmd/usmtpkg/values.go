package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Values of flags that know what they take. A value they do not take is a wrong call (status
// 2), wherever it was given and whichever command runs.

// A number is a whole number in a range. Its zero value, before the flag is set, is the default.
type number struct {
	value    *int
	min, max int
}

var _ pflag.Value = (*number)(nil)

// Set reads the value of the flag.
func (n *number) Set(s string) error {
	v, err := strconv.Atoi(s)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return fmt.Errorf("%q is not a number; give %d to %d", s, n.min, n.max)
	case err != nil || v < n.min || v > n.max:
		return fmt.Errorf("%s is out of range; give %d to %d", s, n.min, n.max)
	}
	*n.value = v
	return nil
}

func (n *number) String() string {
	if n.value == nil || *n.value == 0 { // pflag asks a zero value for the default
		return "0"
	}
	return strconv.Itoa(*n.value)
}

// Type names the value in the help.
func (*number) Type() string { return "int" }

// A word is one of a few words.
type word[T ~string] struct {
	value *T
	words []T
	noun  string // what the help calls the value
}

var _ pflag.Value = (*word[string])(nil)

// Set reads the value of the flag.
func (w *word[T]) Set(s string) error {
	if !slices.Contains(w.words, T(s)) {
		return fmt.Errorf("%q is not %s%s", s, oneOf(w.words), didYouMean(s, texts(w.words)))
	}
	*w.value = T(s)
	return nil
}

func (w *word[T]) String() string {
	if w.value == nil {
		return ""
	}
	return string(*w.value)
}

// Type names the value in the help.
func (w *word[T]) Type() string { return w.noun }

// Words are a list of some of a few words, in any case: a, b or given several times.
type words struct {
	value *[]string
	words []string
	set   bool
}

var (
	_ pflag.Value      = (*words)(nil)
	_ pflag.SliceValue = (*words)(nil)
)

// Set adds a list with commas.
func (w *words) Set(s string) error {
	list := splitList(s)
	if !w.set {
		*w.value, w.set = nil, true
	}
	return w.add(list)
}

// Append adds a word.
func (w *words) Append(s string) error { return w.add([]string{s}) }

// Replace sets the list.
func (w *words) Replace(list []string) error {
	*w.value, w.set = nil, true
	return w.add(list)
}

func (w *words) add(list []string) error {
	for _, s := range list {
		if !slices.ContainsFunc(w.words, func(known string) bool { return strings.EqualFold(known, s) }) {
			return fmt.Errorf("%q is not %s%s", s, oneOf(w.words), didYouMean(s, w.words))
		}
		*w.value = append(*w.value, strings.ToLower(s))
	}
	return nil
}

// GetSlice returns the list.
func (w *words) GetSlice() []string { return *w.value }

func (w *words) String() string {
	if w.value == nil || len(*w.value) == 0 {
		return ""
	}
	return "[" + strings.Join(*w.value, ",") + "]"
}

// Type names the value in the help.
func (*words) Type() string { return "strings" }

// splitList splits a list at its commas and takes the blanks around each part away.
func splitList(s string) []string {
	parts := strings.Split(s, ",")
	for i, part := range parts {
		parts[i] = strings.Trim(part, " ")
	}
	return parts
}

// oneOf lists words as a sentence does: a, b or c.
func oneOf[T ~string](words []T) string {
	list := texts(words)
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}

func texts[T ~string](words []T) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return list
}

// valueFault says what is wrong with the value of a flag, whose Set did not take it.
func valueFault(f *pflag.Flag, value string, err error) string {
	if f.Value.Type() == "bool" {
		return fmt.Sprintf("%q is not true or false", value)
	}
	return err.Error()
}
