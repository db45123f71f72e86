package doccheck

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// A Page is a Markdown file: its headings as links name them, its links, its lines of code, and the code in its text.
type Page struct {
	Anchors map[string]bool
	Links   []string
	Code    []string
	Spans   []string
}

// Pages reads all Markdown files below root, by slash-separated path, except those of others.
func Pages(root string) (map[string]Page, error) {
	pages := map[string]Page{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "node_modules" || e.Name() == ".git" || name == "build"):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		pages[name] = readPage(string(text))
		return err
	})
	return pages, err
}

var (
	mdLink    = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()\s]*\))?[^()\s]*)\)`)
	mdHeading = regexp.MustCompile(`^#{1,6} +(.*?)\s*$`)
	mdSpan    = regexp.MustCompile("`[^`]*`")
	mdInLink  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	notInSlug = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)
)

func readPage(text string) Page {
	p := Page{Anchors: map[string]bool{}}
	var prose strings.Builder
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if code, ok := strings.CutPrefix(line, "    "); ok || fenced {
			if fenced {
				code = line
			}
			p.Code = append(p.Code, code)
			continue
		}
		if m := mdHeading.FindStringSubmatch(line); m != nil {
			p.Anchors[p.anchor(m[1])] = true
		}
		for _, span := range mdSpan.FindAllString(line, -1) {
			p.Spans = append(p.Spans, strings.Trim(span, "`"))
		}
		prose.WriteString(mdSpan.ReplaceAllString(line, "`code`") + "\n")
	}
	for _, m := range mdLink.FindAllStringSubmatch(prose.String(), -1) {
		p.Links = append(p.Links, m[1])
	}
	return p
}

// anchor is what GitHub calls a heading.
func (p Page) anchor(heading string) string {
	heading = mdInLink.ReplaceAllString(heading, "$1")
	slug := strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
	for name, n := slug, 1; p.Anchors[slug]; n++ {
		slug = fmt.Sprintf("%s-%d", name, n)
	}
	return slug
}

// BrokenLinks are the links between the pages, and to other files below root, that lead nowhere.
func BrokenLinks(root string, pages map[string]Page) (broken []string, checked int) {
	for name, p := range pages {
		for _, link := range p.Links {
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			checked++
			file, anchor, _ := strings.Cut(link, "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			_, err := os.Stat(filepath.Join(root, filepath.FromSlash(target)))
			if err != nil || anchor != "" && !pages[target].Anchors[anchor] {
				broken = append(broken, name+": "+link)
			}
		}
	}
	return broken, checked
}
