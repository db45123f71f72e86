// Package recording draws a run of commands in a terminal as an animated SVG.
//
// The picture needs nothing from elsewhere and no script: one CSS animation scrolls the lines. Where nothing
// moves, as in a still, in print, or for people who prefer reduced motion, it shows the end of the run.
package recording

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A Step is a command and what it printed.
type Step struct {
	Command string
	Output  string
	Seconds float64 // how long the output stays before the next command
}

// The terminal, in characters and pixels.
const (
	columns    = 113
	rows       = 20
	lineHeight = 16
	charWidth  = 7.25
	margin     = 18
	titleBar   = 30
)

// typing is how long a command stays before its output appears, in seconds.
const typing = 0.9

// A frame is what is shown from a time on: that many lines.
type frame struct {
	at    float64
	lines int
}

// SVG draws the steps, and returns how long they take in seconds.
func SVG(title string, steps []Step) (picture string, seconds float64) {
	var text strings.Builder
	var frames []frame
	lines := 0
	line := func(class, s string) {
		for i, part := range wrap(s) {
			prompt := ""
			if class == "c" && i == 0 {
				prompt = `<tspan class="p">$ </tspan>`
			}
			fmt.Fprintf(&text, "<text class=\"%s\" y=\"%d\">%s%s</text>\n", class, lines*lineHeight+13, prompt, escape(part))
			lines++
		}
	}
	for _, step := range steps {
		line("c", step.Command)
		frames = append(frames, frame{seconds, lines})
		seconds += typing
		for s := range strings.SplitSeq(strings.TrimSuffix(step.Output, "\n"), "\n") {
			if step.Output != "" {
				line(class(s), s)
			}
		}
		frames = append(frames, frame{seconds, lines})
		seconds += step.Seconds
	}
	width, height := columns*charWidth+2*margin, float64(titleBar+rows*lineHeight+margin)
	var b strings.Builder
	fmt.Fprintf(&b, head, width, height, escape(title), keyframes(frames, seconds, lines), seconds)
	fmt.Fprintf(&b, window, width-1, height-1, width/2, escape(title), margin, titleBar, width-2*margin, rows*lineHeight, (min(rows, lines)-lines)*lineHeight)
	b.WriteString(text.String())
	fmt.Fprintf(&b, "</g>\n<rect class=\"hide\" width=\"%.0f\" height=\"%d\" y=\"%d\"/>\n</svg>\n</svg>\n", width, rows*lineHeight, rows*lineHeight)
	return b.String(), seconds
}

// keyframes scroll the lines, and uncover them on the first screen.
func keyframes(frames []frame, seconds float64, lines int) string {
	var scroll, cover strings.Builder
	for _, f := range append(frames, frame{seconds, lines}) {
		at := 100 * f.at / seconds
		fmt.Fprintf(&scroll, "%.2f%%{transform:translateY(%dpx)}", at, -max(0, f.lines-rows)*lineHeight)
		fmt.Fprintf(&cover, "%.2f%%{transform:translateY(%dpx)}", at, (min(rows, f.lines)-rows)*lineHeight)
	}
	return "@keyframes scroll{" + scroll.String() + "}\n@keyframes cover{" + cover.String() + "}"
}

// class is how a line of output looks.
func class(line string) string {
	switch {
	case strings.HasPrefix(line, "error") || strings.HasPrefix(line, "usmtpkg:"):
		return "e"
	case strings.HasPrefix(line, "dry run:") || strings.Contains(line, " unchanged"):
		return "n"
	case strings.HasPrefix(line, "proof ") || strings.HasPrefix(line, "verified "):
		return "g"
	}
	return "o"
}

// wrap cuts a line that is longer than the terminal is wide, between words.
func wrap(s string) (parts []string) {
	for len(s) > columns {
		cut := strings.LastIndexByte(s[:columns+1], ' ')
		if cut <= 0 {
			cut = columns
		}
		parts, s = append(parts, s[:cut]), "             "+strings.TrimPrefix(s[cut:], " ")
	}
	return append(parts, s)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // into memory
	return b.String()
}

const head = `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">
<style>
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;white-space:pre;fill:#1f2328}
.w{fill:#f6f8fa;stroke:#d1d9e0}.hide{fill:#f6f8fa}
.t{fill:#59636e;text-anchor:middle}
.c{font-weight:bold}.p{fill:#1a7f37}.e{fill:#b42318}.n{fill:#0550ae}.g{fill:#1a7f37}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.w{fill:#161b22;stroke:#30363d}.hide{fill:#161b22}
.t{fill:#8b949e}.p{fill:#3fb950}.e{fill:#ff7b72}.n{fill:#79c0ff}.g{fill:#3fb950}}
%s
.s{animation:scroll %.1fs step-end infinite}.hide{animation:cover %.1[5]fs step-end infinite}
@media(prefers-reduced-motion:reduce){.s,.hide{animation:none}}
</style>
`

const window = `<rect class="w" x=".5" y=".5" width="%.0f" height="%.0f" rx="8"/>
<circle cx="20" cy="16" r="5.5" fill="#ff5f57"/><circle cx="38" cy="16" r="5.5" fill="#febc2e"/><circle cx="56" cy="16" r="5.5" fill="#28c840"/>
<text class="t" x="%.0f" y="20">%s</text>
<svg x="%d" y="%d" width="%.0f" height="%d">
<g class="s" transform="translate(0 %d)">
`
